/** What stands in the cells of the matrix. */
import type { ComponentChildren, VNode } from 'preact';
import type { Level, Priority } from '../../../api/protection.ts';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/protection/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import { edits } from './edits.ts';
import { cameraReadiness, editKey, keptReadyIn, LEVELS, PRIORITIES, protectsServer, readinessOf } from './model.ts';
import type { Camera, Edit, Facts, Row, Spare } from './model.ts';
import { isInTrouble, isLeft } from './rows.ts';
import { whyLeft } from './why.ts';

export const priorityWord = (priority: Priority): string => shell(`priority.${priority}`);
export const levelWord = (level: Level): string => shell(`level.${level}`);

type ServerCellProps = { readonly row: Row; readonly isOpen: boolean; readonly onToggle: () => void };
export function ServerName({ row, isOpen, onToggle }: ServerCellProps): VNode {
  const { name, cameras, coveredNow, isUnknown } = row;
  return (
    <span class="row matrix-server">
      <button
        type="button"
        class={`button quiet icon-only toggle ${isOpen ? 'open' : ''}`}
        tabIndex={-1}
        aria-label={t(isOpen ? 'row.close' : 'row.open', { name })}
        onClick={onToggle}
      >
        <Icon name="chevronRight" />
      </button>
      <span class="strong cut">{name}</span>
      <span class="muted small nowrap">
        {isUnknown ? t('row.unknown') : t(cameras.length === 1 ? 'row.camera' : 'row.cameras', { n: cameras.length })}
      </span>
      {coveredNow.length > 0 && (
        <span class="chip warn cut" title={coveredNow.join(', ')}>
          <span class="dot" />
          {t('row.coveredNow', { names: coveredNow.join(', ') })}
        </span>
      )}
    </span>
  );
}

export function CameraName({ camera }: { readonly camera: Camera }): VNode {
  const isRecorded = camera.recording;
  const words = t(isRecorded ? 'row.continuous' : 'row.notContinuous');
  return (
    <span class="row matrix-camera">
      <span class={`record-mark ${isRecorded ? 'on' : ''}`} title={words} aria-hidden="true" />
      <span class="cut">{camera.name}</span>
      <span class={isRecorded ? 'hidden-text' : 'muted small cut words-wide'}>{words}</span>
    </span>
  );
}

type EditProps = {
  readonly camera: Camera;
  readonly isEditable: boolean;
  readonly tabIndex: number;
  readonly onChange: (change: Edit) => void;
};
export function PriorityCell({ camera, isEditable, tabIndex, onChange }: EditProps): VNode {
  const { priority, name } = camera;
  if (!isEditable) return <span class={`priority ${priority}`}>{priorityWord(priority)}</span>;
  return (
    <MiniSelect
      label={t('row.priorityOf', { name })}
      value={priority}
      options={PRIORITIES}
      word={priorityWord}
      tabIndex={tabIndex}
      onChange={(next) => onChange({ priority: next })}
    />
  );
}
export function LevelCell({ camera, isEditable, tabIndex, onChange }: EditProps): VNode {
  const { standbyLevel, name } = camera;
  return (
    <span class="row level">
      {isEditable ? (
        <MiniSelect
          label={t('row.levelOf', { name })}
          value={standbyLevel}
          options={LEVELS}
          word={levelWord}
          tabIndex={tabIndex}
          onChange={(next) => onChange({ standbyLevel: next })}
        />
      ) : (
        <span>{levelWord(standbyLevel)}</span>
      )}
      {standbyLevel === 'hot' && (
        <span class="warn" title={t('row.hotCosts')}>
          <span class="twice" aria-hidden="true">
            2×
          </span>
          <span class="hidden-text">{t('row.hotCosts')}</span>
        </span>
      )}
    </span>
  );
}

type SelectProps<V extends string> = {
  readonly label: string;
  readonly value: V;
  readonly options: readonly V[];
  readonly word: (option: V) => string;
  readonly tabIndex: number;
  readonly onChange: (next: V) => void;
};
function MiniSelect<V extends string>({ label, value, options, word, tabIndex, onChange }: SelectProps<V>): VNode {
  return (
    <select
      class="mini"
      aria-label={label}
      tabIndex={tabIndex}
      value={value}
      onChange={(event) => {
        const next = options.find((option) => option === event.currentTarget.value);
        // What is shown is what the box says: a change that is asked about first, or refused, leaves no trace.
        event.currentTarget.value = value;
        if (next !== undefined && next !== value) onChange(next);
      }}
    >
      {options.map((option) => (
        <option key={option} value={option}>
          {word(option)}
        </option>
      ))}
    </select>
  );
}

type ByProps = { readonly camera: Camera; readonly spares: readonly Spare[]; readonly known: Facts['known'] };
/** Who would cover it, how ready, or why nobody would. */
export function CoveredBy({ camera, spares, known }: ByProps): VNode {
  const { serverId, cameraId, coveredBy, recording } = camera;
  if (edits.value.has(editKey(serverId, cameraId)))
    return (
      <span class="row muted">
        <span class="spinner" />
        {t('row.planning')}
      </span>
    );
  if (isInTrouble(camera)) return <Problem>{whyLeft(camera)}</Problem>;
  if (isLeft(camera)) return <span class="muted">{t('row.nobody', { why: whyLeft(camera) })}</span>;
  if (coveredBy === undefined) return <span class="muted">{recording ? '' : t('row.nothingToCover')}</span>;
  const name = spares.find(({ id }) => id === coveredBy)?.name ?? coveredBy.slice(0, 8);
  const ready = cameraReadiness(readinessOf(known, coveredBy, serverId), camera);
  if (ready.kind !== 'less') return <span class="cut">{name}</span>;
  const words = t('ready.less', { wanted: levelWord(camera.standbyLevel), actual: levelWord(ready.actual) });
  return (
    <span class="covered-by">
      <span class="cut">{name}</span>
      <span class="small warn cut" title={ready.reason}>
        {ready.reason === undefined ? words : `${words}: ${ready.reason}`}
      </span>
    </span>
  );
}

export function Problem({ children }: { readonly children: ComponentChildren }): VNode {
  return (
    <span class="row bad problem">
      <Icon name="alert" />
      <span class="cut" title={typeof children === 'string' ? children : undefined}>
        {children}
      </span>
    </span>
  );
}

type SpareCellProps = { readonly spare: Spare; readonly known: Facts['known'] };
export function ServerSpareCell({ row, spare, known }: SpareCellProps & { readonly row: Row }): VNode {
  if (!protectsServer(spare, row.id)) return <NotInList />;
  const count = row.counts.get(spare.id) ?? 0;
  const readiness = readinessOf(known, spare.id, row.id);
  const kept = readiness && keptReadyIn(readiness);
  const isShort = kept !== undefined && kept.ready < kept.wanted;
  return (
    <span class="spare-cell">
      {count > 0 && (
        <span class="strong">
          {count}
          <span class="hidden-text"> {t('cell.cameras')}</span>
        </span>
      )}
      {kept !== undefined && kept.wanted > 0 && (
        <span class={`small ${isShort ? 'warn' : 'muted'}`} title={t('ready.title')}>
          {isShort && <Icon name="alert" />}
          {t('ready.count', kept)}
        </span>
      )}
    </span>
  );
}

export function CameraSpareCell({ camera, spare, known }: SpareCellProps & { readonly camera: Camera }): VNode | null {
  if (!protectsServer(spare, camera.serverId)) return <NotInList />;
  if (camera.coveredBy !== spare.id) return null;
  const ready = cameraReadiness(readinessOf(known, spare.id, camera.serverId), camera);
  const isLess = ready.kind === 'less';
  return (
    <span class={`spare-mark ${isLess ? 'warn' : 'on'}`}>
      {isLess ? <Icon name="alert" /> : <Icon name="check" />}
      <span class="hidden-text">
        {isLess ? t('cell.coversLess', { actual: levelWord(ready.actual) }) : t('cell.covers')}
      </span>
    </span>
  );
}

const NotInList = (): VNode => (
  <span class="muted" title={t('cell.notInList')}>
    <span aria-hidden="true">–</span>
    <span class="hidden-text">{t('cell.notInList')}</span>
  </span>
);
