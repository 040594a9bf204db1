/**
 * JSON request bodies: bounded in bytes and depth, one content type, no keys that could reach a prototype.
 * Belongs here: bytes to a plain value. Does not: its shape (validate.ts).
 */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './problem.ts';

export const MAX_BODY_BYTES: number = 1024 * 1024;
/** The deepest request of ours has 4. */
export const MAX_DEPTH = 16;
const FORBIDDEN_KEYS = ['__proto__', 'constructor', 'prototype'];

/** Undefined when there is no body. @throws HttpError 400, 413, 415 */
export async function readJson(request: IncomingMessage, maxBytes: number = MAX_BODY_BYTES): Promise<unknown> {
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (length === undefined && coding === undefined) return undefined;
  if (length === '0') return undefined;
  if (!/^application\/json(; *charset="?utf-8"?)?$/i.test(type ?? '')) {
    throw new HttpError(415, 'http/content-type', 'Expected Content-Type: application/json.');
  }
  if (request.headers['content-encoding'] !== undefined) {
    throw new HttpError(415, 'http/content-encoding', 'Compressed requests are not read.');
  }
  if (Number(length ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return parseJson(await readBounded(request, maxBytes));
}

async function readBounded(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The rest of the body is not read, so the connection cannot be used again. */
const tooLarge = (maxBytes: number): HttpError =>
  new HttpError(413, 'http/body-too-large', `This request has at most ${maxBytes} bytes.`, {
    headers: { connection: 'close' },
  });

/** @throws HttpError 400 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  if (depthOf(text) > MAX_DEPTH) {
    throw new HttpError(400, 'http/json-too-deep', `Expected at most ${MAX_DEPTH} levels of nesting.`);
  }
  let forbidden: string | undefined;
  let value: unknown;
  try {
    value = JSON.parse(text, (key, entry: unknown) => {
      if (FORBIDDEN_KEYS.includes(key)) forbidden = key;
      return entry;
    });
  } catch {
    throw new HttpError(400, 'http/json', 'The body is not valid JSON.');
  }
  if (forbidden !== undefined) throw new HttpError(400, 'http/json-key', `The key ${forbidden} is not accepted.`);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, 'http/json', 'The body is not UTF-8.');
  }
}

/** Before parsing: brackets outside strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    if (quoted) {
      if (letter === '\\') index += 1;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '{' || letter === '[') deepest = Math.max(deepest, (depth += 1));
    else if (letter === '}' || letter === ']') depth -= 1;
  }
  return deepest;
}
