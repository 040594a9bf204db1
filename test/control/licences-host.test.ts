/** Licences when another server takes the role of the host: it has them, and its servers go on under them. */
import test from 'ava';
import { createLicenceBook } from '../../src/control/licence-book.ts';
import { HOST_GONE_MS } from '../../src/site/host-role.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import { createHostSite, turns } from './host-site.ts';

const ISSUER = createIssuer();

test('a new host has the licences of the one before; it need not know the issuer of those that were trusted there', async (t) => {
  const site = await createHostSite(['host', 'failover', 'failover', 'recording']);
  const [host, heir] = [site.of(1), site.of(2)];
  const good = licenceOf(ISSUER, { seats: { coveredCameras: 9 } });
  const damaged = licenceOf(ISSUER, { id: 'damaged' }).slice(0, -8) + 'AAAAAAAA';
  const licences = [good, damaged].map((text) => ({ text, addedAt: 1 }));
  await host.settings.licences.update((file) => ({ ...file, licences }));
  const told = { hostId: host.id, licences: [{ text: good }], failoverServers: [heir.id, site.of(3).id] };
  await heir.settings.licences.update((file) => ({ ...file, told }));
  await site.quiet();
  site.kill(host);
  await site.clock.advance(HOST_GONE_MS + 5000);
  await heir.services?.taking.take('Server 1', 'owner');
  await turns(60);
  await site.quiet();
  t.deepEqual(
    heir.settings.licences.get().licences.map(({ text, vouched }) => [text === good ? 'good' : 'damaged', vouched]),
    [
      ['good', true],
      ['damaged', undefined],
    ],
  );
  const book = createLicenceBook({ settings: heir.settings, issuers: () => [], clock: site.clock });
  t.deepEqual(
    book.judged().map(({ state }) => state),
    ['in-force', 'untrusted'],
  );
  t.is(book.coverSeatsOf(heir.id) + book.coverSeatsOf(site.of(3).id), 9);
  t.deepEqual(
    book.forMember(site.of(3).id)?.licences.map(({ text }) => text),
    [good],
  );
});
