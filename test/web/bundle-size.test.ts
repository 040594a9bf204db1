/** The budgets of the UI, read from the build: what the browser must load for the first route, and for each other. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { build } from 'vite';

type Chunk = {
  readonly file: string;
  readonly css?: readonly string[];
  readonly imports?: readonly string[];
  readonly name?: string;
};
const WEB = join(import.meta.dirname, '../../dist/web');
const MANIFEST = join(WEB, '.vite/manifest.json');
const kilobytes = (file: string): number => gzipSync(readFileSync(join(WEB, file))).length / 1024;

const manifest = existsSync(MANIFEST)
  ? (JSON.parse(readFileSync(MANIFEST, 'utf8')) as Readonly<Record<string, Chunk>>)
  : undefined;
const withImports = (key: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const other of manifest?.[key]?.imports ?? []) withImports(other, seen);
  return seen;
};
function weigh(keys: Iterable<string>): { readonly js: number; readonly css: number } {
  const chunks = [...keys].flatMap((key) => manifest?.[key] ?? []);
  const css = new Set(chunks.flatMap((chunk) => chunk.css ?? []));
  const sum = (files: readonly string[]): number => files.reduce((total, file) => total + kilobytes(file), 0);
  return { js: sum(chunks.map(({ file }) => file)), css: sum([...css]) };
}
const LIVE = 'src/pages/live/live-page.tsx';
const first = new Set([...withImports('index.html'), ...withImports(LIVE)]);

test('shell and first route: at most 40 KB of scripts and 8 KB of styles, compressed', (t) => {
  t.true(manifest !== undefined, 'dist/web is not built: run `vite build web` first');
  const { js, css } = weigh(first);
  t.log(`first route ${js.toFixed(1)} KB JS, ${css.toFixed(1)} KB CSS`);
  t.true(js <= 40, `${js.toFixed(1)} KB of scripts`);
  t.true(css <= 8, `${css.toFixed(1)} KB of styles`);
});

test('every other route: at most 15 KB more, playback with its timeline 27 KB', (t) => {
  for (const key of Object.keys(manifest ?? {}).filter(
    (name) => /^src\/pages\/.*-page\.tsx$/.test(name) && name !== LIVE,
  )) {
    const { js } = weigh([...withImports(key)].filter((part) => !first.has(part)));
    t.log(`${key} ${js.toFixed(1)} KB`);
    t.true(js <= (key.includes('playback') ? 27 : 15), `${key}: ${js.toFixed(1)} KB`);
  }
});

test('hls.js and uPlot are loaded by no route before they are needed', (t) => {
  const heavy = Object.entries(manifest ?? {}).filter(([key]) => /epoch-video|draw-chart/.test(key));
  t.is(heavy.length, 2);
  for (const [key] of Object.entries(manifest ?? {}).filter(([name]) => /-page\.tsx$|index\.html/.test(name))) {
    for (const [lazy] of heavy) t.false(withImports(key).has(lazy), `${key} loads ${lazy}`);
  }
});

/** The scripts of one part alone, compressed: what it shares with others (framework, words, API) is left outside. */
async function weighPart(entry: string, own: string): Promise<number> {
  const root = join(import.meta.dirname, '../../web');
  const built = await build({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'silent',
    build: {
      write: false,
      manifest: false,
      lib: { entry: join(root, entry), formats: ['es'], fileName: 'part' },
      rollupOptions: { external: (id, from) => from !== undefined && !isOwn(id, from, join(root, own)) },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ('output' in one ? one.output : []));
  const code = outputs.map((output) => (output.type === 'chunk' ? output.code : '')).join('\n');
  return gzipSync(code).length / 1024;
}
const isOwn = (id: string, from: string, own: string): boolean =>
  (id.startsWith('.') ? join(from, '..', id) : id).startsWith(own);

test('the timeline is at most 12 KB, the live player 6 KB', async (t) => {
  const timeline = await weighPart('src/timeline/timeline.tsx', 'src/timeline/');
  const player = await weighPart('src/player/live-player.ts', 'src/player/');
  t.log(`timeline ${timeline.toFixed(1)} KB, live player ${player.toFixed(1)} KB`);
  t.true(timeline > 1 && timeline <= 12, `${timeline.toFixed(1)} KB of timeline`);
  t.true(player > 0.5 && player <= 6, `${player.toFixed(1)} KB of live player`);
});
