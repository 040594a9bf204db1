/** A table: selection by mouse and keyboard when asked for, rows outside the view left out above 100, and drawn a moment later up to there. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clickRow, keepExisting, pressKey, type Selection } from './selection.ts';
import { WINDOW_ABOVE, windowOf } from './window.ts';

export type Column<Row> = {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly class?: string;
};
type TableProps<Row> = {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  readonly selection?: Selection;
  readonly onSelect?: (next: Selection) => void;
  readonly onOpen?: (row: Row) => void;
};
/** Pixels, until the first row has been measured. */
const ROW_HEIGHT = 40;

export function Table<Row>(props: TableProps<Row>): VNode {
  const { rows, idOf, columns, selection, onSelect, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 900 });
  const [rowHeight, setRowHeight] = useState(ROW_HEIGHT);
  const shown = windowOf(rows.length, rowHeight, scroll, useIsSettled() ? WINDOW_ABOVE : 0);
  const ids = rows.map(idOf);

  useLayoutEffect(() => {
    if (box.current !== null) setScroll({ top: box.current.scrollTop, height: box.current.clientHeight });
  }, []);
  useLayoutEffect(() => {
    const measured = box.current?.querySelector('tr[data-index]')?.clientHeight ?? 0;
    if (measured > 0) setRowHeight(measured);
  }, [rows.length > 0]);
  useEffect(() => {
    if (selection === undefined || onSelect === undefined) return;
    const kept = keepExisting(selection, ids);
    if (kept !== selection) onSelect(kept);
  });
  const choose = (next: Selection): void => {
    onSelect?.(next);
    bringIntoView(box.current, next.focus, rowHeight);
  };

  return (
    <div
      class="table-box"
      ref={box}
      tabIndex={selection === undefined ? 0 : -1}
      role="region"
      aria-label={label}
      onScroll={(event) => setScroll({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
    >
      <table
        class="table"
        role={selection === undefined ? undefined : 'grid'}
        aria-label={label}
        aria-multiselectable={selection === undefined ? undefined : true}
        aria-rowcount={rows.length + 1}
      >
        <Head columns={columns} />
        <tbody>
          <Spacer height={shown.before} span={columns.length} />
          {rows.slice(shown.from, shown.to).map((row, offset) => (
            <TableRow key={idOf(row)} {...props} row={row} ids={ids} index={shown.from + offset} choose={choose} />
          ))}
          <Spacer height={shown.after} span={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

/** Long enough for what is in sight to be painted first: 64 rows took twice as long as those that a screen holds. */
const REST_AFTER_MS = 150;
function useIsSettled(): boolean {
  const [isSettled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), REST_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return isSettled;
}

/** Rows outside the window are not in the document: scroll there first, then focus. */
function bringIntoView(box: HTMLElement | null, index: number, rowHeight: number): void {
  const find = (): HTMLElement | null | undefined => box?.querySelector<HTMLElement>(`tr[data-index="${index}"]`);
  if (box !== null && (find() ?? undefined) === undefined) box.scrollTop = index * rowHeight - box.clientHeight / 2;
  const focus = (): void => {
    const now = document.activeElement;
    if (now === document.body || box?.contains(now) === true) find()?.focus(); // else somebody went on
  };
  requestAnimationFrame(() => requestAnimationFrame(focus));
}

type RowProps<Row> = TableProps<Row> & {
  readonly row: Row;
  readonly ids: readonly string[];
  readonly index: number;
  readonly choose: (next: Selection) => void;
};

function TableRow<Row>({ row, ids, index, idOf, columns, selection, choose, onOpen }: RowProps<Row>): VNode {
  const id = idOf(row);
  const onClick = (event: MouseEvent): void => {
    if (
      selection === undefined ||
      (event.target instanceof Element && event.target.closest('a, button, input') !== null)
    )
      return;
    choose(clickRow(selection, ids, index, { ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey }));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (selection === undefined || event.target !== event.currentTarget) return;
    if (event.key === 'Enter' && onOpen !== undefined) {
      event.preventDefault();
      onOpen(row);
      return;
    }
    const next = pressKey(selection, ids, event.key, { ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey });
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
  };
  return (
    <tr
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={selection === undefined ? undefined : selection.ids.has(id)}
      tabIndex={selection === undefined ? undefined : selection.focus === index ? 0 : -1}
      onClick={onClick}
      onDblClick={() => onOpen?.(row)}
      onKeyDown={onKeyDown}
      onMouseDown={(event) => {
        if (event.shiftKey) event.preventDefault(); // Shift selects rows, not text
      }}
    >
      {columns.map((column) => (
        <td key={column.key} class={column.class} role={selection === undefined ? undefined : 'gridcell'}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

function Head<Row>({ columns }: { readonly columns: readonly Column<Row>[] }): VNode {
  return (
    <thead>
      <tr>
        {columns.map(({ key, title, class: name }) => (
          <th key={key} scope="col" class={name}>
            {key === 'actions' || key === 'select' ? <span class="hidden-text">{title}</span> : title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** A row without content that keeps the scroll bar honest. */
export function Spacer({ height, span }: { readonly height: number; readonly span: number }): VNode | null {
  const cell = useRef<HTMLTableCellElement>(null);
  useLayoutEffect(() => {
    if (cell.current !== null) cell.current.style.height = `${height}px`;
  }, [height]);
  if (height === 0) return null;
  return (
    <tr class="spacer" aria-hidden="true">
      <td ref={cell} colSpan={span} />
    </tr>
  );
}
