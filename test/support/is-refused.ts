/** A request that a server must refuse: with which status, and in which words. */
import type { ExecutionContext } from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';

export async function isRefused(
  t: Pick<ExecutionContext, 'throwsAsync' | 'is' | 'regex'>,
  request: () => Promise<unknown>,
  { status, message }: { readonly status: number; readonly message: RegExp },
): Promise<void> {
  const error = await t.throwsAsync(request, { instanceOf: UnderstudyError, code: 'api/refused' });
  t.is(error?.context['status'], status, error?.message);
  t.regex(error?.message ?? '', message);
}

/** Undefined: it was not refused. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof UnderstudyError ? error.code : String(error);
  }
}
