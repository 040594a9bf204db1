/** A protected server is replaced while its footage is on its way: it goes to the one in its place, or stays here for good. */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { PeerCaller, PeerReply, PeerRequestOptions } from '../../src/peer/network-types.ts';
import type { FootageHandlers } from '../../src/restoration/footage-handlers.ts';
import { ended, judge, outage } from '../support/outage.ts';
import { ALL, F_ID, KEY, orderOf, R_ID, twoServers } from '../support/two-servers.ts';
import type { TwoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

const ORIGINAL = 'b0000000-0000-4000-8000-00000000000b';

/** The original answers what it has, but nothing arrives there any more. */
async function withOriginal(t: ExecutionContext): Promise<{ readonly two: TwoServers; readonly asked: string[] }> {
  const asked: string[] = [];
  const request = async (
    peerId: string,
    method: string,
    params: unknown,
    { attachment }: PeerRequestOptions = {},
  ): Promise<PeerReply> => {
    asked.push(peerId);
    if (peerId === ORIGINAL && method === 'footage.append')
      throw new UnderstudyError('unavailable', 'peer/closed', 'The connection was cut.');
    const handler = two.handlers()[method as keyof FootageHandlers];
    const answer = await handler({ id: F_ID } as PeerCaller, JSON.parse(JSON.stringify(params)), attachment);
    return { result: JSON.parse(JSON.stringify(answer.result)) as unknown, attachment: answer.attachment };
  };
  const two: TwoServers = await twoServers(t, { restoration: { request } });
  await outage(two);
  return { two, asked };
}

test('what was decided on for the original is decided on anew, and goes to the server in its place', async (t) => {
  const { two, asked } = await withOriginal(t);
  const id = two.restoration().begin({ ...orderOf(), serverId: ORIGINAL, policy: 'return' });
  await waitFor('files to be planned', () => (two.restoration().get(id)?.files.total ?? 0) > 0);
  await two.restoration().readdress(ORIGINAL, R_ID);
  t.is(two.restoration().get(id)?.order.serverId, R_ID);
  const before = asked.length;
  t.is(await ended(two, id), 'done');
  t.true(asked.slice(before).every((peer) => peer === R_ID));
  await judge(t, two);
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
});

test('what is kept here by policy is kept for the server in its place', async (t) => {
  const { two } = await withOriginal(t);
  const id = two.restoration().begin({ ...orderOf(), serverId: ORIGINAL, policy: 'keep' });
  t.is(await ended(two, id), 'kept');
  await two.restoration().readdress(ORIGINAL, R_ID);
  const kept = async (peer: string): Promise<number> => {
    const answer = await two
      .restoration()
      .keptHandlers['footage.kept']?.({ id: peer } as PeerCaller, { after: '' }, undefined);
    return ((answer ?? { result: { items: [] } }).result as { items: unknown[] }).items.length;
  };
  t.is(await kept(ORIGINAL), 0);
  t.true((await kept(R_ID)) > 0);
});

test('where this server takes the place itself everything stays, nothing is deleted, and nothing goes on', async (t) => {
  const { two, asked } = await withOriginal(t);
  const id = two.restoration().begin({ ...orderOf(), serverId: ORIGINAL, policy: 'return' });
  const other = two.restoration().begin({ ...orderOf(), serverId: R_ID, policy: 'return', start: 1, end: 2 });
  await waitFor('files to be planned', () => (two.restoration().get(id)?.files.total ?? 0) > 0);
  const before = two.f.catalogue.segments.find(KEY, ALL).length;
  await two.restoration().keepAll(ORIGINAL);
  t.like(two.restoration().get(id), { state: 'stopped' });
  t.is(two.f.catalogue.segments.find(KEY, ALL).length, before);
  t.is(await ended(two, other), 'done', 'those of other servers are left alone');
  const count = asked.length;
  two.restoration().nudge(ORIGINAL);
  await two.restartF();
  await waitFor('it to be listed again', () => two.restoration().get(id)?.state === 'stopped');
  t.is(asked.length, count);
});
