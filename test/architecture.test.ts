/** The import table of docs/architecture.md, held against the sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';

const SRC = resolve(import.meta.dirname, '../src');
const DOCUMENT = readFileSync(resolve(import.meta.dirname, '../docs/architecture.md'), 'utf8');

type Room = { readonly layer: number; readonly pure: boolean; readonly mayImport: readonly string[] };

/** Rows such as `| 1 pure | `wire` | messages between control and media | core, ledger |`. */
const ROOMS: ReadonlyMap<string, Room> = new Map(
  [...DOCUMENT.matchAll(/^\| (\d)( pure)? \| `([a-z]+)` \|[^|]*\|([^|]*)\|$/gm)].map(
    ([, layer = '', pure, name = '', mayImport = '']) =>
      [name, { layer: Number(layer), pure: pure !== undefined, mayImport: mayImport.match(/[a-z]+/g) ?? [] }] as const,
  ),
);
const ROOTS = /^Files at the top of .*?^$/ms.exec(DOCUMENT)?.[0].match(/[a-z-]+\.ts/g) ?? [];
const FORBIDDEN_IN_PURE =
  /^node:(net|dgram|http|https|tls|fs|fs\/promises|timers|timers\/promises|child_process|worker_threads|dns)$/;

type Import = { readonly file: string; readonly target: string; readonly typeOnly: boolean };

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const importsOf = (file: string): readonly Import[] =>
  [
    ...readFileSync(join(SRC, file), 'utf8').matchAll(
      /^(?:import|export) (type )?[^;]*?from '([^']+)';$|import\('([^']+)'\)/gm,
    ),
  ].map((match) => ({
    file,
    target: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
  }));
const importedBy = (file: string): readonly string[] =>
  importsOf(file)
    .filter(({ target }) => target.startsWith('.'))
    .map(({ target }) => relative(SRC, resolve(SRC, dirname(file), target)));
const roomOf = (file: string): string | undefined => (file.includes('/') ? file.split('/')[0] : undefined);
const targetRoom = ({ file, target }: Import): string | undefined =>
  target.startsWith('.') ? roomOf(relative(SRC, resolve(SRC, dirname(file), target))) : undefined;

test('every room is in the table, and every row is a room', (t) => {
  const rooms = new Set(files.map(roomOf).filter((room) => room !== undefined));
  t.deepEqual([...ROOMS.keys()].toSorted(), [...rooms].toSorted());
});

test('every file at the top is a root that the document names', (t) => {
  const atTop = files.filter((file) => roomOf(file) === undefined);
  t.deepEqual([...new Set(ROOTS)].toSorted(), atTop.toSorted());
});

test('rooms import values only from the rooms the table allows, types only from their layer or below', (t) => {
  const wrong = files.flatMap(importsOf).filter((entry) => {
    const from = roomOf(entry.file);
    const to = targetRoom(entry);
    if (from === undefined || from === to) return false;
    if (to === undefined) return entry.target.startsWith('.');
    if (entry.typeOnly) return (ROOMS.get(to)?.layer ?? Infinity) > (ROOMS.get(from)?.layer ?? -1);
    return !(ROOMS.get(from)?.mayImport ?? []).includes(to);
  });
  t.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('files do not import each other in a circle, not even types', (t) => {
  const left = new Map(files.map((file) => [file, importedBy(file)]));
  const taken = (file: string): boolean => [...left.values()].some((imported) => imported.includes(file));
  for (let before = Infinity; left.size < before;) {
    before = left.size;
    for (const [file, imported] of left)
      if (!imported.some((other) => left.has(other)) || !taken(file)) left.delete(file);
  }
  t.deepEqual([...left.keys()], []);
});

test('pure rooms touch neither sockets nor files nor timers', (t) => {
  const wrong = files
    .filter((file) => ROOMS.get(roomOf(file) ?? '')?.pure)
    .flatMap(importsOf)
    .filter(({ target }) => FORBIDDEN_IN_PURE.test(target) || target.endsWith('/core/durable-file.ts'));
  t.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('imports name a file: no barrels, no missing extension', (t) => {
  t.deepEqual(
    files.filter((file) => /(^|\/)index\.ts$/.test(file)),
    [],
  );
  const bare = files.flatMap(importsOf).filter(({ target }) => target.startsWith('.') && !target.endsWith('.ts'));
  t.deepEqual(bare, []);
});
