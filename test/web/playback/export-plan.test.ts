import test from 'ava';
import { planOf, unknownOf } from '../../../web/src/pages/playback/export-plan.ts';

const AT = Date.parse('2026-11-22T10:00:00.000Z');
const iso = (second: number): string => new Date(AT + second * 1000).toISOString();
const held = (serverId: string, start: number, end: number): { start: string; end: string; serverId: string } => ({
  serverId,
  start: iso(start),
  end: iso(end),
});
const range = { start: AT, end: AT + 600_000 };

test('what lies on one server is one request for the whole range, so that its manifest tells what is missing', (t) => {
  const found = new Map([
    ['a', [held('nas-1', 2, 300), held('nas-1', 400, 600)]],
    ['b', [held('nas-1', 0, 600)]],
  ]);
  t.deepEqual(planOf(found, range), [{ ...range, serverId: 'nas-1', cameraIds: ['a', 'b'] }]);
});

test('across a takeover each server cuts what it holds', (t) => {
  const found = new Map([['a', [held('nas-1', 0, 100), held('hall', 101, 400), held('nas-1', 400, 600)]]]);
  t.deepEqual(planOf(found, range), [
    { ...range, serverId: 'nas-1', cameraIds: ['a'] },
    { start: AT + 101_000, end: AT + 400_000, serverId: 'hall', cameraIds: ['a'] },
  ]);
});

test('a camera of which nothing is there asks for nothing; many cameras are asked for in parts', (t) => {
  t.deepEqual(planOf(new Map([['a', []]]), range), []);
  const many = new Map(Array.from({ length: 20 }, (_, index) => [`c${index}`, [held('nas-1', 0, 600)]] as const));
  t.deepEqual(
    planOf(many, range).map(({ cameraIds }) => cameraIds.length),
    [16, 4],
  );
});

test('the longest unknown part is told with its server', (t) => {
  const server = { id: 'x', name: 'NAS-2' };
  t.deepEqual(
    unknownOf([
      { away: [] },
      { away: [{ start: iso(0), end: iso(60), server }] },
      { away: [{ start: iso(0), end: iso(5), server }] },
    ]),
    { seconds: 60, server: 'NAS-2' },
  );
  t.is(unknownOf([{ away: [] }]), undefined);
});
