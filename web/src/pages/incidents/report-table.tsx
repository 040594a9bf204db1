/** A table of the report: windowed on the screen when it is long, whole on paper. */
import type { VNode } from 'preact';
import { Table, type Column } from '../../ui/table.tsx';
import { printing } from './printing.ts';

type Props<Row> = {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
};

export function ReportTable<Row>(props: Props<Row>): VNode {
  const { label, rows, idOf, columns } = props;
  if (!printing.value) return <Table {...props} />;
  return (
    <div class="table-box">
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ key, title, class: name }) => (
              <th key={key} scope="col" class={name}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={idOf(row)}>
              {columns.map(({ key, class: name, cell }) => (
                <td key={key} class={name}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
