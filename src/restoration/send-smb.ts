/**
 * Puts one composed file on the share that the protected server names: temporary name, flush, rename; then that server takes it from there
 * and verifies the whole before it inserts. After a cut the file is written anew: of what lies on a share only the length is known.
 *
 * Belongs here: one file, one attempt. Does not: SMB (smb), when to try again (restoration.ts).
 */
import type { ComposedReturn } from '../archive/compose-return.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { SmbFile } from '../smb/smb-file.ts';
import type { SmbShare } from '../smb/smb-share.ts';
import { readOfferResult } from '../wire/parse-footage.ts';
import { durationMs } from '../core/units.ts';
import { checked, insert } from './send-file.ts';
import type { SendDeps, SentFile } from './send-file.ts';

/** Bytes written between two flushes: the share shall not hold more in memory, nor notice a full disk later. */
const FLUSH_BYTES: number = 8 * 1024 * 1024;
const OFFER_TIMEOUT = durationMs(60_000);

/** `folder` within the share. @throws smb errors; what requests throw */
export async function sendOverShare(
  deps: SendDeps,
  composed: ComposedReturn,
  { share, folder }: { readonly share: SmbShare; readonly folder: string },
): Promise<SentFile> {
  const { file } = composed;
  // Asked first: it may have it, or no room for it.
  const options = { via: 'bulk', timeoutMs: OFFER_TIMEOUT, signal: deps.signal } as const;
  const { result } = await deps.request(deps.serverId, 'footage.offer', { file }, options);
  const offer = readOfferResult(result, 'offer');
  if (offer.kind === 'later') return offer;
  if (offer.kind === 'have') return { kind: 'received', ...checked(deps, file, offer.receipt) };
  const name = `${file.id}.mp4`;
  const within = (leaf: string): string => (folder === '' ? leaf : `${folder}/${leaf}`);
  if (folder !== '') await share.makeDirectory(folder);
  await deps.inTurn(async () => await upload(deps, composed, { share, temporary: within(`${file.id}.part`) }));
  await share.rename(within(`${file.id}.part`), within(name), { replace: true });
  const evidence = await insert(deps, file, { kind: 'share', path: name });
  // Where the server could not move it, a copy is left.
  await share.remove(within(name)).catch(() => undefined);
  return { kind: 'received', ...evidence };
}

type Upload = { readonly share: SmbShare; readonly temporary: string };

async function upload(deps: SendDeps, composed: ComposedReturn, { share, temporary }: Upload): Promise<void> {
  const target = await share.open(temporary, 'overwrite');
  try {
    await writeAll(deps, composed, target);
    await target.flush();
    const size = await target.size();
    if (size !== composed.file.bytes)
      throw new UnderstudyError(
        'unavailable',
        'footage/share-short',
        `${composed.file.bytes} bytes were written to the share, ${size} are there.`,
      );
  } finally {
    await target.close().catch(() => undefined);
  }
}

async function writeAll(deps: SendDeps, composed: ComposedReturn, target: SmbFile): Promise<void> {
  let flushed = 0;
  for (let offset = 0; offset < composed.file.bytes;) {
    deps.signal.throwIfAborted();
    const bytes = await composed.read(offset, Number.MAX_SAFE_INTEGER);
    await deps.rate.take(bytes.length, deps.signal);
    await target.write(offset, bytes);
    deps.meter.add(bytes.length);
    offset += bytes.length;
    if (offset - flushed < FLUSH_BYTES) continue;
    await target.flush();
    flushed = offset;
  }
}
