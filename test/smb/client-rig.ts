/** The client and a server of a test's own, and what a refusal must look like. */
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { durationMs } from '../../src/core/units.ts';
import { openSmbShare } from '../../src/smb/smb-client.ts';
import type { SmbErrorCode, SmbShare, SmbShareOptions } from '../../src/smb/smb-client.ts';
import { PASSWORD, startFakeServer } from './fake-server.ts';
import type { Behaviour, FakeServer, Reply } from './fake-server.ts';

export const MB = 1024 * 1024;

export type Rig = {
  readonly server: FakeServer;
  readonly open: (more?: Partial<SmbShareOptions>) => Promise<SmbShare>;
};
export async function rig(t: ExecutionContext, behaviour: Behaviour = {}): Promise<Rig> {
  const server = await startFakeServer(t, behaviour);
  const open: Rig['open'] = async (more = {}) => {
    const share = await openSmbShare({
      host: '127.0.0.1',
      port: server.port,
      share: 'footage',
      username: 'someone',
      password: PASSWORD,
      encrypt: 'when-offered',
      clock: systemClock,
      timeoutMs: durationMs(20_000),
      ...more,
    });
    t.teardown(share.close);
    return share;
  };
  return { server, open };
}

export async function refused(t: ExecutionContext, code: SmbErrorCode, work: () => Promise<unknown>): Promise<string> {
  const error = await t.throwsAsync(work, { instanceOf: UnderstudyError });
  t.is(error.code, code, error.message);
  const told = JSON.stringify([error.message, error.stack, error.context, String(error.cause)]);
  t.false(told.includes(PASSWORD) || told.includes('someone'));
  return error.message;
}

/** Answers of one command; everything else as it should be. */
export const when = (command: number, ...replies: readonly Reply[]): Behaviour => ({
  answer: (asked) => (asked.command === command ? replies : undefined),
});
