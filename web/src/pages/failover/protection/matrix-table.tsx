/**
 * Rows of servers and their cameras against columns of failover servers: a tree grid whose head and first column stay in sight, rows
 * outside the view left out. Belongs here: moving, choosing, opening. Does not: what stands in a cell (cells.tsx).
 */
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../../../messages/protection/words.ts';
import { clickRow, keepExisting, pressKey, type Selection } from '../../../ui/selection.ts';
import { windowOf } from '../../../ui/window.ts';
import { Spacer } from '../../../ui/table.tsx';
import {
  CameraName,
  CameraSpareCell,
  CoveredBy,
  LevelCell,
  PriorityCell,
  Problem,
  ServerName,
  ServerSpareCell,
} from './cells.tsx';
import type { Camera, Edit, Facts, Spare } from './model.ts';
import { isInTrouble, serverLine, type Line } from './rows.ts';

type MatrixProps = {
  readonly lines: readonly Line[];
  readonly spares: readonly Spare[];
  readonly known: Facts['known'];
  /** Servers whose cameras are shown. */
  readonly open: ReadonlySet<string>;
  readonly selection: Selection;
  readonly isEditable: (camera: Camera) => boolean;
  readonly onSelect: (next: Selection) => void;
  readonly onToggle: (serverId: string) => void;
  readonly onOpenSpare: (id: string) => void;
  readonly onChange: (camera: Camera, change: Edit) => void;
};
/** Pixels, until the first row has been measured. */
const ROW_HEIGHT = 40;
/** Beside the columns of failover servers. */
const FIXED_COLUMNS = 5;

export function MatrixTable(props: MatrixProps): VNode {
  const { lines, spares, selection, onSelect, onOpenSpare } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 900 });
  const [rowHeight, setRowHeight] = useState(ROW_HEIGHT);
  const shown = windowOf(lines.length, rowHeight, scroll);
  const ids = useMemo(() => lines.map(({ id }) => id), [lines]);
  const measure = (): void => {
    const { current } = box;
    if (current !== null) setScroll({ top: current.scrollTop, height: current.clientHeight });
  };
  useLayoutEffect(measure, []);
  useLayoutEffect(() => {
    const measured = box.current?.querySelector('tr[data-index]')?.clientHeight ?? 0;
    if (measured > 0) setRowHeight(measured);
  }, [lines.length > 0]);
  useEffect(() => {
    const kept = keepExisting(selection, ids);
    if (kept !== selection) onSelect(kept);
  }, [selection, lines]);
  const choose = (next: Selection): void => {
    onSelect(next);
    bringIntoView(box.current, next.focus, rowHeight);
  };
  const span = FIXED_COLUMNS + spares.length;
  return (
    <div class="table-box matrix" ref={box} role="region" aria-label={t('matrix.label')} onScroll={measure}>
      <table
        class="table"
        role="treegrid"
        aria-label={t('matrix.label')}
        aria-multiselectable
        aria-rowcount={lines.length + 1}
      >
        <Head spares={spares} onOpenSpare={onOpenSpare} />
        <tbody>
          <Spacer height={shown.before} span={span} />
          {lines.slice(shown.from, shown.to).map((line, offset) => (
            <MatrixRow key={line.id} {...props} line={line} ids={ids} index={shown.from + offset} choose={choose} />
          ))}
          <Spacer height={shown.after} span={span} />
        </tbody>
      </table>
      {lines.length === 0 && <p class="muted matrix-none">{t('matrix.none')}</p>}
    </div>
  );
}

/** Rows outside the window are not in the document: scroll there first, then focus. */
function bringIntoView(box: HTMLElement | null, index: number, rowHeight: number): void {
  const find = (): HTMLElement | null | undefined => box?.querySelector<HTMLElement>(`tr[data-index="${index}"]`);
  if (box !== null && (find() ?? undefined) === undefined) box.scrollTop = index * rowHeight - box.clientHeight / 2;
  requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
}

type HeadProps = { readonly spares: readonly Spare[]; readonly onOpenSpare: (id: string) => void };
function Head({ spares, onOpenSpare }: HeadProps): VNode {
  return (
    <thead>
      <tr>
        <th scope="col" class="select-cell">
          <span class="hidden-text">{t('column.select')}</span>
        </th>
        <th scope="col" class="name-cell">
          {t('column.name')}
        </th>
        <th scope="col" class="not-phone">
          {t('column.priority')}
        </th>
        <th scope="col" class="not-phone">
          {t('column.level')}
        </th>
        <th scope="col" class="by-cell">
          {t('column.coveredBy')}
        </th>
        {spares.map(({ id, name }) => (
          <th key={id} scope="col" class="spare-column not-phone">
            <button type="button" class="head-button cut" title={name} onClick={() => onOpenSpare(id)}>
              {name}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

type RowProps = MatrixProps & {
  readonly line: Line;
  readonly ids: readonly string[];
  readonly index: number;
  readonly choose: (next: Selection) => void;
};
function MatrixRow(props: RowProps): VNode {
  const { line, ids, index, selection, choose } = props;
  const isServer = line.kind === 'server';
  const name = isServer ? line.row.name : line.camera.name;
  const onClick = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest('button, input, select, label') !== null) return;
    choose(clickRow(selection, ids, index, { ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey }));
  };
  return (
    <tr
      data-index={index}
      class={isServer ? 'server-row' : 'camera-row'}
      aria-level={isServer ? 1 : 2}
      aria-expanded={isServer ? line.isOpen : undefined}
      aria-rowindex={index + 2}
      aria-selected={selection.ids.has(line.id)}
      tabIndex={selection.focus === index ? 0 : -1}
      onClick={onClick}
      onDblClick={() => isServer && props.onToggle(line.row.id)}
      onKeyDown={(event) => onRowKey(props, event)}
      onMouseDown={(event) => {
        if (event.shiftKey) event.preventDefault(); // Shift selects rows, not text
      }}
    >
      <td role="gridcell" class="select-cell">
        <label class="row-check">
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={t('row.select', { name })}
            checked={selection.ids.has(line.id)}
            onChange={() => choose(clickRow(selection, ids, index, { ctrl: true, shift: false }))}
          />
        </label>
      </td>
      {isServer ? <ServerCells {...props} line={line} /> : <CameraCells {...props} camera={line.camera} />}
    </tr>
  );
}

function onRowKey(props: RowProps, event: KeyboardEvent): void {
  const { ids, selection, choose } = props;
  const row = event.currentTarget;
  if (!(row instanceof HTMLElement)) return;
  if (event.target !== row) {
    if (event.key === 'Escape') row.focus(); // out of a control of this row
    return;
  }
  const modifiers = { ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey };
  const tree = treeKey(props, event.key, row);
  const next = tree === undefined ? pressKey(selection, ids, event.key, modifiers) : undefined;
  if (tree === undefined && next === undefined) return;
  event.preventDefault();
  tree?.();
  if (next !== undefined) choose(next);
}

/** Right opens, Left closes or leads to the server, Enter opens, closes, or edits. */
function treeKey(props: RowProps, key: string, row: HTMLElement): (() => void) | undefined {
  const { line, ids, index, open, selection, choose, onToggle } = props;
  const isServer = line.kind === 'server';
  const isOpen = open.has(line.row.id);
  const toggle = (): void => onToggle(line.row.id);
  const focus = (to: number): void => choose({ ...selection, focus: Math.max(0, Math.min(ids.length - 1, to)) });
  switch (key) {
    case 'Enter':
      return isServer ? toggle : () => row.querySelector('select')?.focus();
    case 'ArrowRight':
      if (!isServer) return undefined;
      return isOpen ? () => focus(index + 1) : toggle;
    case 'ArrowLeft':
      if (!isServer) return () => focus(ids.indexOf(serverLine(line.row.id)));
      return isOpen ? toggle : undefined;
    default:
      return undefined;
  }
}

type ServerLine = Extract<Line, { readonly kind: 'server' }>;
function ServerCells(props: RowProps & { readonly line: ServerLine }): VNode {
  const { line, spares, known, onToggle } = props;
  const { row, isOpen } = line;
  return (
    <>
      <th scope="row" class="name-cell">
        <ServerName row={row} isOpen={isOpen} onToggle={() => onToggle(row.id)} />
      </th>
      <td role="gridcell" class="not-phone" />
      <td role="gridcell" class="not-phone" />
      <td role="gridcell" class="by-cell">
        {row.cameras.some(isInTrouble) ? (
          <Problem>{t('row.covered', { covered: row.covered, wanted: row.wanted })}</Problem>
        ) : (
          row.wanted > 0 && <span class="muted">{t('row.covered', { covered: row.covered, wanted: row.wanted })}</span>
        )}
      </td>
      {spares.map((spare) => (
        <td key={spare.id} role="gridcell" class="spare-column not-phone">
          <ServerSpareCell row={row} spare={spare} known={known} />
        </td>
      ))}
    </>
  );
}

function CameraCells(props: RowProps & { readonly camera: Camera }): VNode {
  const { camera, spares, known, isEditable, onChange, selection, index } = props;
  const edit = {
    camera,
    isEditable: isEditable(camera),
    tabIndex: selection.focus === index ? 0 : -1,
    onChange: (change: Edit) => onChange(camera, change),
  };
  return (
    <>
      <th scope="row" class="name-cell">
        <CameraName camera={camera} />
      </th>
      <td role="gridcell" class="not-phone">
        <PriorityCell {...edit} />
      </td>
      <td role="gridcell" class="not-phone">
        <LevelCell {...edit} />
      </td>
      <td role="gridcell" class="by-cell">
        <CoveredBy camera={camera} spares={spares} known={known} />
      </td>
      {spares.map((spare) => (
        <td key={spare.id} role="gridcell" class="spare-column not-phone">
          <CameraSpareCell camera={camera} spare={spare} known={known} />
        </td>
      ))}
    </>
  );
}
