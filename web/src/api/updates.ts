/** Releases: what runs, what is kept, sending one part by part, installing it here and at the servers of a host. */
import type { Updates, UploadResult } from '../../../src/api/contract/updates.ts';
import { MAX_PART_BYTES } from '../../../src/site/release-limits.ts';
import { get, patch, post, remove, request } from './client.ts';
import { base64Of } from './file-bytes.ts';

export type { KeptRelease, ServerUpdate, Updates } from '../../../src/api/contract/updates.ts';
export type OnlineReleases = NonNullable<Updates['online']>;
export type OnlineRelease = OnlineReleases['releases'][number];

export const updates = {
  view: (abort?: AbortSignal): Promise<Updates> => get('/updates', abort),
  install: (version: string): Promise<Updates> => post('/updates/install', { version }),
  remove: (version: string): Promise<void> => remove(`/updates/releases/${encodeURIComponent(version)}`),
  /** `null`: releases are fetched from nowhere. */
  setSource: (releaseSource: string | null): Promise<unknown> => patch('/server/settings', { releaseSource }),
  look: (): Promise<Updates> => post('/updates/online'),
  fetch: (version: string): Promise<Updates> => post('/updates/online/fetch', { version }),
  breakOffFetch: (): Promise<void> => remove('/updates/online/fetch'),
  updateServers: (version: string, serverIds: readonly string[]): Promise<Updates> =>
    post('/updates/servers', { version, serverIds }),
  breakOff: (): Promise<void> => remove('/updates/servers'),
};

type Sending = {
  readonly onSent: (bytes: number) => void;
  readonly abort: AbortSignal;
  readonly unreadable: string;
};
/** The release that the box made of it. @throws ApiError in the words of the box */
export async function sendRelease(file: File, { onSent, abort, unreadable }: Sending): Promise<UploadResult> {
  let result: UploadResult = { received: 0 };
  do {
    const at = result.received;
    const part = await base64Of(file.slice(at, at + MAX_PART_BYTES), unreadable);
    const body = { bytes: file.size, at, part };
    result = await request<UploadResult>('PUT', '/updates/upload', { body, signal: abort });
    onSent(result.received);
  } while (result.received < file.size);
  return result;
}
