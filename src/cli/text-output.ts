/** What commands print for people: columns, and text of other machines without what a terminal would obey. */

/** Rows in columns as wide as their widest cell, two spaces between; `undefined` is an empty cell. */
export function columnsOf(rows: readonly (readonly (string | undefined)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => plainText(cell ?? '')));
  const widths = (cells[0] ?? []).map((_cell, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Names and messages come from servers, cameras and networks: no escape sequence of theirs reaches the terminal. */
export const plainText = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');

export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
export const print = (line: string): void => {
  process.stdout.write(`${plainText(line)}\n`);
};
export const secondsText = (seconds: number): string => `${seconds.toFixed(1)} s`;
