/** The gaps of the view as a table: the same as the hatched stretches of the timeline, for reading and for a screen reader. */
import type { VNode } from 'preact';
import type { Camera } from '../../api/api.ts';
import { t } from '../../messages/messages.ts';
import type { Run } from '../../timeline/runs.ts';
import { causeText } from '../../timeline/words.ts';
import { dateAndTime, duration } from '../../ui/format.ts';
import { Table, type Column } from '../../ui/table.tsx';
import type { PlaybackState } from './state.ts';

type Gap = { readonly camera: Camera; readonly run: Run };

export function GapTable({ state, rows }: { readonly state: PlaybackState; readonly rows: readonly Camera[] }): VNode {
  void state.data.version.value;
  const { start, end } = state.view.value;
  const gaps = rows
    .flatMap((camera): Gap[] =>
      state.data
        .trackOf(camera.id)
        .runs.filter((run) => run.state === 3 && run.end > start && run.start < end)
        .map((run) => ({ camera, run })),
    )
    .sort((a, b) => b.run.start - a.run.start);
  const columns: readonly Column<Gap>[] = [
    {
      key: 'start',
      title: t('gaps.start'),
      class: 'fit',
      cell: ({ run }) => (
        <button type="button" class="button quiet" onClick={() => state.seek(run.start - 3000)}>
          {dateAndTime(run.start)}
        </button>
      ),
    },
    { key: 'camera', title: t('exports.camera'), cell: ({ camera }) => camera.name },
    {
      key: 'length',
      title: t('gaps.length'),
      class: 'num fit',
      cell: ({ run }) => duration((run.end - run.start) / 1000),
    },
    { key: 'cause', title: t('gaps.cause'), cell: ({ run }) => causeText(run.cause) },
  ];
  if (gaps.length === 0) return <p class="gap-none muted">{t('gaps.none')}</p>;
  return (
    <div class="gap-table">
      <Table
        label={t('playback.gaps')}
        rows={gaps}
        idOf={({ camera, run }) => `${camera.id} ${run.start}`}
        columns={columns}
      />
    </div>
  );
}
