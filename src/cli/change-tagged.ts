/** A change to what was just read: sent with its tag (RFC 9110 §13.1.1), so that nobody's change in between is lost. */
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';

/** `path` answers GET with an ETag and takes PATCH. @throws as `call`; cli/changed when somebody else was faster */
export async function changeTagged(
  api: Pick<ApiClient, 'readTagged' | 'change'>,
  path: string,
  change: object,
): Promise<unknown> {
  const { tag } = await api.readTagged(path);
  try {
    return await api.change(path, change, tag);
  } catch (error) {
    if (!(error instanceof UnderstudyError) || error.context['status'] !== 412) throw error;
    const message = `${error.message} Nothing was changed by this command: see what holds now, and run it again if it shall still be so.`;
    throw new UnderstudyError('conflict', 'cli/changed', message, { cause: error });
  }
}
