/** What would become of the cameras, in a sentence first, then camera by camera. */
import type { VNode } from 'preact';
import { t } from '../../../messages/protection/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Table, type Column } from '../../../ui/table.tsx';
import type { Plan, PlanCamera } from '../../../api/protection.ts';
import { Problem, priorityWord } from './cells.tsx';
import type { Left, Outcome } from './outcome.ts';
import { isInTrouble, isLeft } from './rows.ts';
import { whyLeft } from './why.ts';

const NAMED = 4;
type Names = (serverId: string) => string;

export function OutcomeSentence({ outcome, nameOf }: { readonly outcome: Outcome; readonly nameOf: Names }): VNode {
  const { left, alsoLeft, servers } = outcome;
  const isGood = left.length === 0 && alsoLeft.length === 0;
  const unknown = servers.filter(({ isUnknown }) => isUnknown).map(({ name }) => name);
  return (
    <div class={`notice ${isGood ? '' : 'warn'} outcome`} role="status">
      <Icon name={isGood ? 'check' : 'alert'} />
      <div class="grow">
        <p class="outcome-sentence">{sentenceOf(outcome, nameOf)}</p>
        {alsoLeft.length > 0 && <p>{t('outcome.also', { n: alsoLeft.length, names: leftNames(alsoLeft) })}</p>}
        {unknown.length > 0 && <p>{t('outcome.unknown', { names: unknown.join(', ') })}</p>}
      </div>
    </div>
  );
}

/** "31 of 32 cameras would be recorded by Spare; not: Dock, priority Never." */
export function sentenceOf(outcome: Outcome, nameOf: Names): string {
  const { total, covered, by, left, servers } = outcome;
  if (servers.length === 0) return t('outcome.noCameras');
  if (total === 0) return t('outcome.nothingRecorded');
  const [only] = by;
  const counts = { covered, total };
  const head =
    only === undefined
      ? t(total === 1 ? 'outcome.nobodyOne' : 'outcome.nobody', counts)
      : by.length === 1
        ? t(total === 1 ? 'outcome.byOne' : 'outcome.by', { ...counts, name: nameOf(only.id) })
        : t('outcome.bySeveral', { ...counts, names: by.map(({ id, count }) => `${nameOf(id)} ${count}`).join(', ') });
  return left.length === 0 ? `${head}.` : `${head}; ${t('outcome.not', { names: leftNames(left) })}`;
}

/** Those with the same reason together: "Dock, Yard, priority Never". */
function leftNames(left: readonly Left[]): string {
  const groups = Map.groupBy(left, whyLeft);
  return [...groups]
    .map(([reason, ones]) => {
      const names = ones.slice(0, NAMED).map(({ name }) => name);
      const more = ones.length - names.length;
      const list = more > 0 ? `${names.join(', ')} ${t('ask.more', { n: more })}` : names.join(', ');
      return t('outcome.because', { names: list, reason });
    })
    .join('; ')
    .concat('.');
}

type Row = PlanCamera & { readonly server: string };
export function OutcomeTable({ plan, nameOf }: { readonly plan: Plan; readonly nameOf: Names }): VNode {
  const rows = plan.servers
    .flatMap(({ name, cameras }) => cameras.map((camera): Row => ({ ...camera, server: name })))
    .toSorted((a, b) => rankOf(b) - rankOf(a));
  return (
    <Table
      label={t('outcome.table')}
      rows={rows}
      idOf={({ cameraId, server }) => `${server}/${cameraId}`}
      columns={columnsOf(nameOf)}
    />
  );
}

const rankOf = (row: Row): number => Number(isLeft(row)) + Number(isInTrouble(row));

const columnsOf = (nameOf: Names): readonly Column<Row>[] => [
  { key: 'camera', title: t('column.camera'), cell: ({ name }) => <span class="strong">{name}</span> },
  {
    key: 'server',
    title: t('column.server'),
    cell: ({ server }) => (
      <span class="outcome-server" title={server}>
        {server}
      </span>
    ),
  },
  {
    key: 'priority',
    title: t('column.priority'),
    class: 'fit wide-only',
    cell: ({ priority }) => priorityWord(priority),
  },
  {
    key: 'by',
    title: t('column.coveredBy'),
    cell: (camera) => {
      if (isInTrouble(camera)) return <Problem>{whyLeft(camera)}</Problem>;
      if (isLeft(camera)) return <span class="muted">{t('row.nobody', { why: whyLeft(camera) })}</span>;
      if (camera.coveredBy !== undefined) return nameOf(camera.coveredBy);
      return <span class="muted">{t('row.nothingToCover')}</span>;
    },
  },
];
