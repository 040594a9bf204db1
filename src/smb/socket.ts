/** The TCP connection to a file server. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import type { DurationMs } from '../core/units.ts';
import { aborted } from './smb-error.ts';

export type Address = { readonly host: string; readonly port: number };
export type Patience = {
  readonly clock: Pick<Clock, 'after'>;
  readonly timeoutMs: DurationMs;
  readonly signal: AbortSignal | undefined;
};

/** @throws `smb-unreachable`, `smb-timeout`, `smb-aborted` */
export async function openSocket(address: Address, { clock, timeoutMs, signal }: Patience): Promise<Socket> {
  if (signal?.aborted) throw aborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ ...address, noDelay: true, keepAlive: true });
  const abort = (): void => reject(aborted());
  signal?.addEventListener('abort', abort);
  const cancel = clock.after(timeoutMs, () => reject(late(address, timeoutMs)));
  const refused = (cause: Error): void => reject(unreachable(address, cause));
  socket.once('connect', resolve).once('error', refused);
  try {
    await promise;
    return socket;
  } catch (error) {
    // A late failure of the name look-up must find somebody listening.
    socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    cancel();
    socket.off('error', refused);
    signal?.removeEventListener('abort', abort);
  }
}

const unreachable = ({ host, port }: Address, cause: unknown): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'smb-unreachable',
    `No connection to the file server ${host}, port ${port}: ${systemCodeOf(cause) ?? messageOf(cause)}. Is it on, and is sharing on?`,
    { cause },
  );

const late = ({ host, port }: Address, timeoutMs: DurationMs): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'smb-timeout',
    `The file server ${host}, port ${port}, did not take a connection within ${timeoutMs} ms.`,
  );
