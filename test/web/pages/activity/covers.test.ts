import test from 'ava';
import type { RestorationView } from '../../../../web/src/api/activity.ts';
import type { Of, Spare } from '../../../../web/src/pages/failover/activity/activity-data.ts';
import { folded, sinceOf } from '../../../../web/src/pages/failover/activity/covers.ts';
import { restorationMock } from '../../../support/mock-activity-data.ts';

const suspectedAt = '2026-11-22T14:30:06.000Z';

test('no cover begins before the suspicion, whatever was recorded ahead of it', (t) => {
  t.is(sinceOf({ suspectedAt }, { firstFrameAt: '2026-11-22T14:29:30.000Z' }), suspectedAt);
  t.is(sinceOf({ suspectedAt }, { firstFrameAt: '2026-11-22T14:30:08.000Z' }), '2026-11-22T14:30:08.000Z');
  t.is(sinceOf({ suspectedAt }, {}), suspectedAt);
});

const spareOf = (id: string): Spare => ({ id, name: id, facts: undefined, away: undefined, awaySince: undefined });
const SPARE = spareOf('spare');
const done = (from: string, to: string, more: Partial<RestorationView> = {}, spare = SPARE): Of<RestorationView> => ({
  spare,
  item: restorationMock({
    id: `${from} ${to}`,
    state: 'done',
    startedAt: `2026-11-22T${from}.000Z`,
    endedAt: `2026-11-22T${to}.000Z`,
    files: { done: 3, total: 3 },
    bytes: { done: 1e6, total: 1e6 },
    ...more,
  }),
});

test('restorations of one return are one row, from the first to the last with all their files', (t) => {
  const rows = folded([
    done('14:31:20', '14:31:40'),
    done('14:31:00', '14:31:50'),
    done('14:28:00', '14:30:00'),
    done('09:00:00', '09:10:00'),
  ]);
  t.deepEqual(
    rows.map(({ item }) => [
      item.startedAt.slice(11, 19),
      item.endedAt?.slice(11, 19),
      item.files.done,
      item.bytes.done,
    ]),
    [
      ['14:28:00', '14:31:50', 9, 3e6],
      ['09:00:00', '09:10:00', 3, 1e6],
    ],
  );
});

test('what is of another server, another way or another end stays apart', (t) => {
  const apart = [
    done('14:31:00', '14:31:40'),
    done('14:31:00', '14:31:40', { serverId: 'other' }),
    done('14:31:00', '14:31:40', { state: 'stopped' }),
    done('14:31:00', '14:31:40', { policy: 'keep' }),
    done('14:31:00', '14:31:40', {}, spareOf('other')),
  ];
  t.is(folded(apart).length, apart.length);
  t.deepEqual(folded([]), []);
});
