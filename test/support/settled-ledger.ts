/** The ledger of a camera that is recorded no more, with the last of what was written. */
import { fetchLedger } from '../../src/demo/footage-check.ts';
import type { CheckOrder, LedgerView } from '../../src/demo/footage-check.ts';
import { waitFor } from './wait-for.ts';

const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 200;

/**
 * What media wrote last is durable at once and booked with its next report: until then nobody can tell what became of it. What stays
 * unexplained stands in the ledger for whoever judges it.
 */
export async function settledLedger(order: Omit<CheckOrder, 'footage' | 'camera'>): Promise<LedgerView> {
  let ledger = await fetchLedger(order);
  const isSettled = async (): Promise<boolean> => {
    if (!ledger.spans.some(({ cause }) => cause === 'unexplained')) return true;
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    ledger = await fetchLedger(order);
    return false;
  };
  await waitFor('every second to be explained', isSettled, PATIENCE_MS).catch(() => undefined);
  return ledger;
}
