import test from 'ava';
import { bookedBetween, byCause, unbookedOf } from '../../bench/support/booked-losses.ts';
import { lossesOf } from '../../bench/support/lost-units.ts';
import type { Recording } from '../../bench/support/recorded-units.ts';

/** Half a minute: clocks of two sessions differ by seconds. */
const CLIP = 750;
const FRAME_US = 40_000;

type Shape = {
  /** First picture and the one behind the last, counted from the start of the source. */
  readonly from?: number;
  readonly to?: number;
  readonly without?: readonly number[];
  /** The source stood still before these pictures, so long. */
  readonly stood?: ReadonlyMap<number, number>;
  /** This recording's clock differs by so much. */
  readonly clockUs?: number;
  readonly clip?: string;
};
function recorded({ from = 0, to = 1800, without = [], stood = new Map(), clockUs = 0, clip = 'a' }: Shape): Recording {
  const all = Array.from({ length: to }, (_, index) => index);
  let atUs = 1e15 + clockUs;
  const units = all.map((index) => {
    atUs += FRAME_US + (stood.get(index) ?? 0);
    return { hash: `${clip}${index % CLIP}`, atUs, index };
  });
  return { units: units.filter(({ index }) => index >= from && !without.includes(index)) };
}
const lostIn = (recordings: readonly Recording[], mounts = 1): readonly number[] =>
  lossesOf(recordings, mounts).holes.map((holes) => holes.reduce((sum, { units }) => sum + units, 0));

test('recordings that begin and end at different pictures have lost nothing', (t) => {
  const losses = [recorded({ from: 3 }), recorded({ from: 900, to: 1780 }), recorded({ from: 60, to: 1790 })];
  t.deepEqual(lostIn(losses), [0, 0, 0]);
  t.is(lossesOf(losses, 1).inNone, 0);
});

test('a picture that only one recording lacks is lost there, with the time of the hole by its own clock', (t) => {
  const { holes, inNone } = lossesOf(
    [recorded({}), recorded({ without: [120, 121, 1205], clockUs: 7e6 }), recorded({})],
    1,
  );
  t.deepEqual(
    holes.map((own) => own.map(({ units }) => units)),
    [[], [2, 1], []],
  );
  t.is(holes[1]?.[0]?.fromUs, 1e15 + 7e6 + 120 * FRAME_US);
  t.is(inNone, 0);
});

test('a source that stands still has lost nothing, however differently two sessions place what follows', (t) => {
  const one = recorded({ stood: new Map([[750, 15e6]]) });
  const other = recorded({
    stood: new Map([
      [750, 2e6],
      [1400, 9e6],
    ]),
    clockUs: -4e6,
  });
  t.deepEqual(lostIn([one, other]), [0, 0]);
});

test('a recording without a whole round of the clip has lost that round', (t) => {
  const round = Array.from({ length: CLIP }, (_, index) => 90 + index);
  t.deepEqual(lostIn([recorded({}), recorded({}), recorded({ without: round.slice(0, 60) })]), [0, 0, 60]);
});

test('what no recording has is told apart from what one lost', (t) => {
  const losses = lossesOf([recorded({ without: [70, 71] }), recorded({ without: [70, 71, 1300] })], 1);
  t.is(losses.inNone, 2);
  t.deepEqual(
    losses.holes.flat().map(({ units }) => units),
    [1],
  );
});

test('a damaged picture that all have is no loss, and one that lacks it has lost it', (t) => {
  const damaged = ({ units }: Recording): Recording => ({
    units: units.map((unit, index) => (index === 150 ? { ...unit, hash: 'damaged' } : unit)),
  });
  const lacking: Recording = { units: recorded({}).units.filter((_, index) => index !== 150) };
  t.deepEqual(lostIn([damaged(recorded({})), damaged(recorded({})), lacking]), [0, 0, 1]);
});

test('sources are compared among themselves only', (t) => {
  const recordings = [
    recorded({}),
    recorded({ from: 20 }),
    recorded({ without: [1200] }),
    recorded({ from: 30, to: 1700 }),
  ];
  t.deepEqual(lostIn(recordings, 2), [0, 0, 1, 0]);
});

test('a hole counts as booked only where the ledger tells of it', (t) => {
  const at = (ms: number): string => new Date(1e12 + ms).toISOString();
  const ledger = {
    spans: [
      { start: at(0), end: at(5000), state: 'recorded' },
      { start: at(5000), end: at(6000), state: 'missing', cause: 'network-loss' },
      { start: at(6000), end: at(9000), state: 'recorded' },
    ],
  };
  const hole = (from: number, to: number, units: number) => ({
    fromUs: (1e12 + from) * 1000,
    toUs: (1e12 + to) * 1000,
    units,
  });
  t.is(unbookedOf([hole(4980, 6010, 25), hole(7000, 7120, 2), hole(6100, 6200, 1)], ledger), 3);
  t.deepEqual(byCause(bookedBetween(1e15, 1e15 + 9e6, ledger)), { 'network-loss': { spans: 1, seconds: 1 } });
});
