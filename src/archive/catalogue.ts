/**
 * What footage there is, what is missing and why: `catalogue.sqlite` in the data directory. Everything about segments can be made again from the
 * files (rebuild.ts); gaps and the log cannot, so transactions with them are durable.
 *
 * Belongs here: opening it. Does not: tables (catalogue-*.ts), what the ledger makes of them (ledger, control).
 */
import { join } from 'node:path';
import type { EpochMs } from '../core/units.ts';
import { openDatabase } from './catalogue-database.ts';
import { createExpectationTable, createGapTable, createRemovedTable, createServiceTable } from './catalogue-ledger.ts';
import { createCursorTable, createExportTable, createLogTable } from './catalogue-log.ts';
import { createReceiptTable } from './catalogue-receipts.ts';
import { createSegmentTable } from './catalogue-segments.ts';
import type { Catalogue } from './catalogue-types.ts';

export const CATALOGUE_FILE = 'catalogue.sqlite';

/** @throws UnderstudyError `catalogue/newer`; system errors of a disk that refuses */
export function openCatalogue(dataDirectory: string, now: EpochMs): Catalogue {
  const { database, condition, movedTo } = openDatabase(join(dataDirectory, CATALOGUE_FILE), now);
  return {
    condition,
    movedTo,
    transaction: database.transaction,
    segments: createSegmentTable(database),
    gaps: createGapTable(database),
    expectations: createExpectationTable(database),
    services: createServiceTable(database),
    removed: createRemovedTable(database),
    cursor: createCursorTable(database),
    log: createLogTable(database),
    exports: createExportTable(database),
    receipts: createReceiptTable(database),
    close: database.close,
  };
}
