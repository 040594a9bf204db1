/**
 * The bulk connection to one peer, made when somebody wants to send: dialled if the peer's address is known, else the peer is
 * asked over the watch connection to dial.
 */
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';

const CONNECTED_WITHIN = durationMs(8000);

export type BulkDialDeps = {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Of a link that is there. */
  readonly active: () => number | undefined;
  /** True when TLS stands, false if its address is not known. */
  readonly dial: () => Promise<boolean>;
  /** Resolves when the other side has promised to dial. */
  readonly ask: () => Promise<void>;
};
export type BulkDial = {
  /** @throws peer/no-bulk */
  readonly link: () => Promise<number>;
  /** A bulk link is ready. */
  readonly connected: () => void;
};

export function createBulkDial({ clock, active, dial, ask }: BulkDialDeps): BulkDial {
  let ready: PromiseWithResolvers<void> | undefined;
  let opening: Promise<number> | undefined;

  const open = async (): Promise<number> => {
    const greeted = Promise.withResolvers<void>();
    ready = greeted;
    let problem = 'it does not greet';
    const failed = (error: unknown): false => {
      problem = messageOf(error);
      return false;
    };
    const both = async (): Promise<void> => {
      if (!(await dial().catch(failed))) await ask().catch(failed);
      if (active() === undefined) await greeted.promise;
    };
    await withDeadline(clock, CONNECTED_WITHIN, both());
    const id = active();
    if (id !== undefined) return id;
    throw new UnderstudyError('unavailable', 'peer/no-bulk', `No connection for footage could be made: ${problem}`);
  };
  return {
    link: async () => {
      const id = active();
      if (id !== undefined) return id;
      opening ??= open().finally(() => (opening = undefined));
      return await opening;
    },
    connected: () => ready?.resolve(),
  };
}
