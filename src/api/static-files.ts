/**
 * The UI as built into `dist/web`. The folder is listed once; a request is looked up in that list and never becomes a path, so
 * there is nothing to traverse. Paths without a file are the UI's own and get `index.html`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Middleware } from 'koa';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { HttpError } from './problem.ts';

export const MAX_STATIC_FILES = 2000;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.mp4': 'video/mp4',
};
const COMPRESSIBLE = /^(text|application)\/|^image\/svg/;

type StaticFile = {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly hashed: boolean;
  /** Made at the first request that wants it. */
  compressed?: Promise<Buffer>;
};

export function openStaticFiles(root: string, log: Log): Middleware {
  const files = listed(root, log);
  return async (ctx, next) => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return await next();
    const path = decodedPath(ctx.path);
    const file = files.get(path) ?? (extname(path) === '' ? files.get('/index.html') : undefined);
    if (file === undefined) return await next();
    ctx.set('cache-control', file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    ctx.set('etag', file.etag);
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return undefined;
    }
    ctx.type = file.type;
    ctx.vary('accept-encoding');
    if (COMPRESSIBLE.test(file.type) && ctx.acceptsEncodings('gzip', 'identity') === 'gzip') {
      ctx.set('content-encoding', 'gzip');
      ctx.body = await (file.compressed ??= compress(file.path));
    } else ctx.body = await readFile(file.path);
    return undefined;
  };
}

function decodedPath(path: string): string {
  let text: string;
  try {
    text = decodeURIComponent(path);
  } catch {
    throw new HttpError(400, 'http/path', 'The path is not properly encoded.');
  }
  // nothing of ours has such a path; an answer of 404 is clearer than the UI
  if (/\\|\p{Cc}|\/\/|(^|\/)\.\.?(\/|$)/u.test(text)) throw new HttpError(404, 'http/not-found', 'Nothing is there.');
  return text === '/' ? '/index.html' : text;
}

function listed(root: string, log: Log): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  try {
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || files.size >= MAX_STATIC_FILES) continue; // a symbolic link is not a file here
      const path = join(entry.parentPath, entry.name);
      const name = `/${relative(root, path).split(sep).join('/')}`;
      const digest = createHash('sha256').update(readFileSync(path)).digest('base64url').slice(0, 22);
      const type = MEDIA_TYPES[extname(name)] ?? 'application/octet-stream';
      files.set(name, { path, type, etag: `"${digest}"`, hashed: /-[\w-]{8,}\.\w+$/.test(name) });
    }
  } catch (error) {
    log.warn('no user interface', { root, error: messageOf(error) });
  }
  return files;
}

const compress = async (path: string): Promise<Buffer> => await promisify(gzip)(await readFile(path), { level: 9 });
