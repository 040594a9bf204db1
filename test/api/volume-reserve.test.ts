import test from 'ava';
import { refuseReserve, refuseWholeVolume } from '../../src/api/volume-reserve.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { setUpOwner, startApi } from '../support/api-server.ts';

const GB = 1e9;
const volume = { id: 'v1', path: '/srv/footage', reserveBytes: 10 * GB };
const disk = { totalBytes: 1000 * GB, freeBytes: 12 * GB, footageBytes: 900 * GB };
type Status = Parameters<typeof refuseReserve>[1];

function whyNot(reserve: number, { status = disk, confirm }: { status?: Status; confirm?: string } = {}): string {
  try {
    refuseReserve(volume, status, { reserveBytes: reserve * GB, confirm });
    return 'taken';
  } catch (error) {
    return error instanceof UnderstudyError ? `${error.code} ${error.message}` : String(error);
  }
}

test('less, or as much as is free anyway, is taken', (t) => {
  for (const reserve of [0, 5, 10, 12]) t.is(whyNot(reserve), 'taken');
  t.is(whyNot(500, { status: { footageBytes: 0, freeBytes: 12 * GB, totalBytes: 1000 * GB } }), 'taken', 'no footage');
  t.is(whyNot(500, { status: { footageBytes: 900 * GB } }), 'taken', 'nobody has looked at the disk yet');
});

test('what would delete footage says how much, and wants the path', (t) => {
  t.is(
    whyNot(112),
    'volume/would-delete About 100.0 GB of the oldest footage on /srv/footage would be deleted so that 112.0 GB are free there. If that is meant, repeat it with its path, /srv/footage, as "confirm".',
  );
  t.regex(whyNot(112, { confirm: '/srv' }), /^volume\/would-delete /);
  t.is(whyNot(112, { confirm: '/srv/footage' }), 'taken');
  t.regex(
    whyNot(20, { status: { ...disk, freeBytes: 4 * GB } }),
    /About 10\.0 GB/,
    'it makes room for the present one',
  );
  t.regex(whyNot(999, { status: { ...disk, footageBytes: 3 * GB } }), /About 3\.0 GB/, 'no more than there is');
});

test('a volume is not kept free altogether, whatever is confirmed', (t) => {
  for (const reserve of [1000, 2000])
    t.regex(
      whyNot(reserve, { confirm: '/srv/footage' }),
      /^volume\/reserve \d000\.0 GB cannot stay free on \/srv\/footage, which has 1000\.0 GB/,
    );
  t.throws(() => refuseWholeVolume('/srv/footage', 8, 8), { code: 'volume/reserve' });
  t.notThrows(() => refuseWholeVolume('/srv/footage', 8, undefined));
});

test('the route refuses as well, and keeps no confirmation', async (t) => {
  const api = await startApi(t, { volumeStatus: { state: 'usable', forecast: {}, ...disk } });
  const cookie = await setUpOwner(api);
  const ask = async (method: string, path: string, body: object) =>
    await api.call(method, `/api/v1${path}`, { cookie, body });
  t.is((await ask('POST', '/volumes', { path: '/srv/footage', reserveBytes: 2e12 })).json.code, 'volume/reserve');
  const { id } = (await ask('POST', '/volumes', { path: '/srv/footage', reserveBytes: 10 * GB })).json;
  const refused = await ask('PATCH', `/volumes/${id}`, { reserveBytes: 112 * GB });
  t.deepEqual([refused.status, refused.json.code], [409, 'volume/would-delete']);
  t.is(api.settings.volumes.get().volumes[0]?.reserveBytes, 10 * GB);
  const taken = await ask('PATCH', `/volumes/${id}`, { reserveBytes: 112 * GB, confirm: '/srv/footage' });
  t.is(taken.status, 200);
  t.deepEqual(api.settings.volumes.get().volumes, [{ id, path: '/srv/footage', reserveBytes: 112 * GB }]);
});
