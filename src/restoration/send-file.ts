/**
 * Sends one composed file over the peer channel: offered, piece by piece from where the other side has it, inserted, receipt.
 *
 * A piece is at most half a fragment and never crosses the end of one, and two are under way at once: a cut costs one fragment at most.
 *
 * Belongs here: one file, one attempt. Does not: when to try again (restoration.ts).
 */
import type { ComposedReturn, ReturnPiece } from '../archive/compose-return.ts';
import { isReceiptGenuine } from '../archive/receipt.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { Receipt, ReturnFile } from '../wire/footage-protocol.ts';
import { readAppendResult, readInsertResult, readOfferResult } from '../wire/parse-footage.ts';
import { MAX_ATTACHMENT_BYTES } from '../wire/peer-protocol.ts';
import type { Meter, Rate } from './rate.ts';
import type { RestorationDeps } from './restoration-types.ts';

export type SendDeps = {
  readonly serverId: string;
  readonly request: RestorationDeps['request'];
  readonly receiptKeyOf: RestorationDeps['receiptKeyOf'];
  readonly rate: Rate;
  readonly meter: Meter;
  readonly signal: AbortSignal;
  /** The bytes of one file at a time: does `send` when those before are there. */
  readonly inTurn: (send: () => Promise<void>) => Promise<void>;
};
/** A receipt, and the key by which its signature was checked. */
export type Evidence = { readonly receipt: Receipt; readonly receiptKey: string };
export type SentFile =
  | ({ readonly kind: 'received' } & Evidence)
  | { readonly kind: 'later'; readonly retryMs: number; readonly reason: string };

/** The same place was refused so often: the file is not what it should be, or the way to there changes it. */
const MAX_REFUSALS = 3;
/** The other side forgot the transfer: it was started again, or took others in. It has what it verified, and says where to go on. */
const FORGOTTEN: ReadonlySet<string> = new Set(['footage/not-offered', 'footage/incomplete']);
/** Of one file in one attempt. */
const MAX_OFFERS = 3;
const PIECE_TIMEOUT = durationMs(60_000);
/** The other side makes the file durable and scans it. */
const INSERT_TIMEOUT = durationMs(120_000);

/** @throws footage/refused; what requests throw */
export async function sendFile(deps: SendDeps, composed: ComposedReturn): Promise<SentFile> {
  for (let offers = 1; ; offers += 1) {
    try {
      return await offerAndSend(deps, composed);
    } catch (error) {
      const isForgotten = error instanceof UnderstudyError && FORGOTTEN.has(error.code);
      if (!isForgotten || offers >= MAX_OFFERS) throw error;
    }
  }
}

async function offerAndSend(deps: SendDeps, composed: ComposedReturn): Promise<SentFile> {
  const { file } = composed;
  const offered = await ask(deps, 'footage.offer', { file });
  const offer = readOfferResult(offered, 'offer');
  if (offer.kind === 'later') return offer;
  if (offer.kind === 'have') return { kind: 'received', ...checked(deps, file, offer.receipt) };
  await deps.inTurn(async () => await sendFrom(deps, composed, offer.offset));
  return { kind: 'received', ...(await insert(deps, file, { kind: 'sent' })) };
}

export async function insert(
  deps: Pick<SendDeps, 'request' | 'receiptKeyOf' | 'serverId' | 'signal'>,
  file: ReturnFile,
  place: unknown,
): Promise<Evidence> {
  const answer = await ask(deps, 'footage.insert', { file, place });
  return checked(deps, file, readInsertResult(answer, 'insert').receipt);
}

async function ask(
  { request, serverId, signal }: Pick<SendDeps, 'request' | 'serverId' | 'signal'>,
  method: string,
  params: unknown,
): Promise<unknown> {
  return (await request(serverId, method, params, { via: 'bulk', timeoutMs: INSERT_TIMEOUT, signal })).result;
}

/**
 * Only a receipt for these very bytes, by the server that was asked, signed with the key that was pinned for it, counts.
 * @throws footage/receipt, footage/no-receipt-key
 */
export function checked(
  { serverId, receiptKeyOf }: Pick<SendDeps, 'serverId' | 'receiptKeyOf'>,
  file: Pick<ReturnFile, 'id' | 'sha256'>,
  receipt: Receipt,
): Evidence {
  const receiptKey = receiptKeyOf(serverId);
  if (receiptKey === undefined)
    throw new UnderstudyError(
      'unavailable',
      'footage/no-receipt-key',
      'The protected server has not told by which key it signs receipts; nothing is deleted here. Update it, or let it connect anew.',
    );
  const wrong = wrongIn(receipt, { file, serverId, receiptKey });
  if (wrong === undefined) return { receipt, receiptKey };
  throw new UnderstudyError(
    'protocol',
    'footage/receipt',
    `The receipt for file ${file.id} ${wrong}; nothing is deleted here.`,
  );
}

type Expected = {
  readonly file: Pick<ReturnFile, 'id' | 'sha256'>;
  readonly serverId: string;
  readonly receiptKey: string;
};
function wrongIn(receipt: Receipt, { file, serverId, receiptKey }: Expected): string | undefined {
  if (receipt.fileId !== file.id || receipt.sha256 !== file.sha256 || receipt.serverId !== serverId)
    return 'is for something else';
  return isReceiptGenuine(receipt, receiptKey)
    ? undefined
    : 'is not signed with the key that is pinned for that server';
}

async function sendFrom(deps: SendDeps, composed: ComposedReturn, from: number): Promise<void> {
  const { bytes: total } = composed.file;
  let position = from;
  let underWay: UnderWay | undefined;
  let refusal = { at: -1, count: 0 };
  const pieces = readAhead(composed);
  while (position < total || underWay !== undefined) {
    const next: UnderWay | undefined =
      position < total ? await issue(deps, composed, await pieces(position)) : undefined;
    const answer = await underWay?.answer;
    if (answer !== undefined && answer.offset !== answer.expected) {
      // The other side goes on elsewhere: what is under way has no place there.
      await next?.answer.catch(() => undefined);
      refusal = { at: answer.offset, count: answer.offset === refusal.at ? refusal.count + 1 : 1 };
      if (refusal.count >= MAX_REFUSALS) throw refused(composed.file, answer.offset);
      position = answer.offset;
      underWay = undefined;
      continue;
    }
    underWay = next;
    position = next === undefined ? position : next.end;
  }
}

type Answer = { readonly offset: number; readonly expected: number };
type UnderWay = { readonly end: number; readonly answer: Promise<Answer> };
type Piece = { readonly offset: number; readonly bytes: Uint8Array };

/** Pieces by their offset; the one behind is read while this one is on its way. */
function readAhead({ file, pieces, read }: ComposedReturn): (offset: number) => Promise<Piece> {
  let ahead: Promise<Piece> | undefined;
  const pieceAt = async (offset: number): Promise<Piece> => ({
    offset,
    bytes: await read(offset, pieceLength(pieces, offset)),
  });
  return async (offset) => {
    // Another one was read if the other side went on elsewhere.
    const found = await ahead?.catch(() => undefined);
    const piece = found?.offset === offset ? found : await pieceAt(offset);
    const next = offset + piece.bytes.length;
    ahead = next < file.bytes ? pieceAt(next) : undefined;
    // It is looked at when its turn comes, if it does.
    ahead?.catch(() => undefined);
    return piece;
  };
}

/** Resolves once it is on its way: pieces leave in order. */
async function issue(
  deps: SendDeps,
  { file }: ComposedReturn,
  { offset, bytes: attachment }: Piece,
): Promise<UnderWay> {
  await deps.rate.take(attachment.length, deps.signal);
  const options = { attachment, via: 'bulk', timeoutMs: PIECE_TIMEOUT, signal: deps.signal } as const;
  const expected = offset + attachment.length;
  const asked = deps.request(deps.serverId, 'footage.append', { id: file.id, offset }, options);
  const answer = asked.then(({ result }): Answer => {
    deps.meter.add(attachment.length);
    return { offset: readAppendResult(result, 'append').offset, expected };
  });
  // It is looked at one piece later; a failure until then is not unhandled.
  answer.catch(() => undefined);
  return { end: expected, answer };
}

/** From `offset`: half of the piece of the file that it lies in, or what is left of that. */
function pieceLength(pieces: readonly ReturnPiece[], offset: number): number {
  const piece = pieces.findLast((each) => each.offset <= offset);
  if (piece === undefined) return 0;
  const left = piece.offset + piece.length - offset;
  return Math.min(left, Math.ceil(piece.length / 2), MAX_ATTACHMENT_BYTES);
}

const refused = ({ id }: ReturnFile, offset: number): UnderstudyError =>
  new UnderstudyError(
    'corrupt',
    'footage/refused',
    `The other server refused file ${id} ${MAX_REFUSALS} times at byte ${offset}: what arrives there is not what was recorded.`,
  );
