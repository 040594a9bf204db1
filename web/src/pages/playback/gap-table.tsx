/** The gaps of the view as a table: the same as the hatched stretches of the timeline, for reading and for a screen reader. */
import type { VNode } from 'preact';
import type { SiteCamera } from '../../api/site.ts';
import { t } from '../../messages/playback/words.ts';
import { AWAY, MISSING, type Run } from '../../timeline/runs.ts';
import { causeText } from '../../timeline/words.ts';
import { dateAndTime, duration } from '../../ui/format.ts';
import { Table, type Column } from '../../ui/table.tsx';
import type { PlaybackState } from './state.ts';

type Gap = { readonly camera: SiteCamera; readonly run: Run };
/** A leap to a gap begins a little before it. */
const LEAD_MS = 3000;
type GapProps = { readonly state: PlaybackState; readonly cameras: readonly SiteCamera[] };

export function GapTable({ state, cameras }: GapProps): VNode {
  void state.data.version.value;
  const { start, end } = state.view.value;
  const gaps = cameras
    .flatMap((camera): Gap[] =>
      state.data
        .trackOf(camera.id)
        .runs.filter((run) => isGap(run) && run.end > start && run.start < end)
        .map((run) => ({ camera, run })),
    )
    .sort((a, b) => b.run.start - a.run.start);
  if (gaps.length === 0) return <p class="gap-none muted">{t('gaps.none')}</p>;
  return (
    <div class="gap-table">
      <Table
        label={t('gaps')}
        rows={gaps}
        idOf={({ camera, run }) => `${camera.id} ${run.start}`}
        columns={columnsOf(state)}
      />
    </div>
  );
}
const isGap = ({ state }: Run): boolean => state === MISSING || state === AWAY;

const columnsOf = (state: PlaybackState): readonly Column<Gap>[] => [
  {
    key: 'start',
    title: t('gaps.start'),
    class: 'fit',
    cell: ({ run }) => (
      <button type="button" class="button quiet" onClick={() => state.goTo(run.start - LEAD_MS)}>
        {dateAndTime(run.start)}
      </button>
    ),
  },
  { key: 'camera', title: t('gaps.camera'), cell: ({ camera }) => camera.name },
  {
    key: 'length',
    title: t('gaps.length'),
    class: 'num fit',
    cell: ({ run }) => duration((run.end - run.start) / 1000),
  },
  {
    key: 'cause',
    title: t('gaps.cause'),
    cell: ({ run }) => (run.state === AWAY ? t('gaps.away', { server: run.cause ?? '' }) : causeText(run.cause)),
  },
];
