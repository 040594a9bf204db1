/** Receipts that were given for returned files. */
import type { Receipt } from '../wire/footage-protocol.ts';
import type { Database } from './catalogue-database.ts';
import type { ReceiptTable } from './catalogue-types.ts';

/** The newest are kept: whoever got his receipt does not ask again. A day of 128 covered cameras is 180,000 files of a minute. */
export const MAX_RECEIPTS = 200_000;

export function createReceiptTable(database: Database): ReceiptTable {
  const get = database.prepare('SELECT receipt FROM receipts WHERE id = ?');
  const put = database.prepare('INSERT OR REPLACE INTO receipts (id, receipt) VALUES (?, ?) RETURNING number');
  const trim = database.prepare('DELETE FROM receipts WHERE number <= ?');
  return {
    get: (fileId) => {
      const text = get.get(fileId)?.['receipt'];
      return typeof text === 'string' ? (JSON.parse(text) as Receipt) : undefined;
    },
    put: (receipt) => {
      const number = Number(put.get(receipt.fileId, JSON.stringify(receipt))?.['number'] ?? 0);
      if (number > MAX_RECEIPTS) trim.run(number - MAX_RECEIPTS);
    },
  };
}
