/** What of a camera's form is sent, what differs between two people's, and how long footage lasts on several volumes. */
import test from 'ava';
import { mockCamera } from '../../support/mock-data.ts';
import { createOf, differencesOf, draftOf, refreshed, testOf, updateOf } from '../../../web/src/pages/cameras/draft.ts';
import { fitOf } from '../../../web/src/pages/cameras/forecast.ts';

const camera = mockCamera(0, 0);

test('an untouched form changes nothing but sends no password', (t) => {
  const { id: _, state: _state, streams: _streams, lastFrameAt: _last, hasPassword: _has, ...rest } = camera;
  const sent = updateOf(draftOf(camera), camera);
  t.false('password' in sent);
  for (const key of [
    'name',
    'username',
    'priority',
    'standbyLevel',
    'retention',
    'enabled',
    'record',
    'audio',
  ] as const)
    t.deepEqual(sent[key], rest[key], key);
});

test('a user name taken back is forgotten with its password, unless it stands in an address', (t) => {
  const without = { ...draftOf(camera), username: '' };
  t.like(updateOf(without, camera), { username: null, password: null });
  const inUrl = { ...without, url: 'rtsp://anna:secret@192.168.1.20/main' };
  t.false('password' in updateOf(inUrl, camera));
  t.is(updateOf({ ...without, subUrl: '' }, camera).sub, null, 'and an address of the sub-stream taken back too');
});

test('no days mean no limit', (t) => {
  t.deepEqual(createOf({ ...draftOf(undefined), days: '' }).retention, {});
  t.deepEqual(createOf({ ...draftOf(undefined), days: '0' }).retention, {});
  t.deepEqual(createOf({ ...draftOf(undefined), days: '7' }).retention, { maxDays: 7 });
});

test('days that are taken back take only their limit away', (t) => {
  t.deepEqual(updateOf({ ...draftOf(camera), days: '' }, camera).retention, { maxDays: null });
  t.deepEqual(updateOf({ ...draftOf(camera), days: '7' }, camera).retention, { maxDays: 7 });
});

test('a test without a password takes the stored one of that camera', (t) => {
  t.is(testOf(draftOf(camera), camera).cameraId, camera.id);
  t.false('cameraId' in testOf(draftOf(undefined), undefined));
});

test('what two people differ in is named, and passwords are never compared', (t) => {
  const mine = draftOf(camera);
  t.deepEqual(differencesOf(mine, mine), []);
  t.deepEqual(differencesOf(mine, { ...mine, days: '30', priority: 'low', password: 'typed' }), ['priority', 'days']);
});

test('days that fit are weighed by what is written to each volume', (t) => {
  const volume = (days?: number, rate?: number) => ({
    forecast: {
      ...(days === undefined ? {} : { daysFit: days }),
      ...(rate === undefined ? {} : { bytesPerDay: rate }),
    },
  });
  t.is(fitOf([]), undefined);
  t.is(fitOf([volume(), volume(5)]), undefined, 'no rate is known yet');
  t.is(fitOf([volume(10, 100)]), 10);
  t.is(fitOf([volume(10, 100), volume(20, 300)]), 17.5);
  t.is(fitOf([volume(10, 100), volume(99, 0)]), 10, 'a volume that nothing is written to does not count');
});

test('what another one changed since the list was drawn is taken, except where something was typed', (t) => {
  const seen = draftOf(camera);
  const there = { ...seen, priority: 'never' as const, days: '30' };
  t.deepEqual(refreshed(seen, seen, there), there, 'untouched');
  const mine = { ...seen, days: '21', password: 'new one' };
  t.deepEqual(refreshed(mine, seen, there), { ...there, days: '21', password: 'new one' });
  t.deepEqual(refreshed(refreshed(mine, seen, there), seen, there), refreshed(mine, seen, there), 'asked twice');
});
