/** Each route of the API stands in docs/command-line.md, with its command or with the reason why it has none. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import test from 'ava';
import { Command } from 'commander';

const ROOT = resolve(import.meta.dirname, '../..');
const textOf = (path: string): string => readFileSync(resolve(ROOT, path), 'utf8');

type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
const ROUTES = Object.entries((JSON.parse(textOf('docs/ref/openapi.json')) as Document).paths).flatMap(
  ([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`),
);

type Row = { readonly routes: readonly string[]; readonly commands: readonly string[]; readonly reason: string };
/** `GET` `PATCH` `/cameras/{id}`, several in one cell. */
function rowsOf(markdown: string): readonly Row[] {
  const [, table = ''] = markdown.split('## Routes and commands');
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, left = '', right = ''] = line.split('|');
      return {
        routes: [...left.matchAll(/`([A-Z ]+) (\/[^`]*)`/g)].flatMap(([, methods = '', path = '']) =>
          methods.split(' ').map((method) => `${method} ${path}`),
        ),
        commands: [...right.matchAll(/`([^-`][^`]*)`/g)].map(([, command = '']) => command),
        reason: right.replaceAll(/`[^`]+`/g, '').trim(),
      };
    });
}
const ROWS = rowsOf(textOf('docs/command-line.md'));

test('every route of the API stands in the list once, and nothing else does', (t) => {
  t.deepEqual(ROWS.flatMap(({ routes }) => routes).toSorted(), ROUTES.toSorted());
});

test('a route has a command, or the reason why it has none', (t) => {
  t.deepEqual(
    ROWS.filter(({ commands, reason }) => commands.length === 0 && reason.length < 20),
    [],
  );
});

test('every command of the list is there', async (t) => {
  const modules = [...textOf('src/cli.ts').matchAll(/import\('(\.\/cli\/[\w-]+\.ts)'\)\)\.(register\w+)/g)];
  t.true(modules.length > 20);
  const program = new Command('understudy');
  for (const [, path = '', name = ''] of modules) {
    const loaded = (await import(resolve(ROOT, 'src', path))) as Record<string, (program: Command) => void>;
    loaded[name]?.(program);
  }
  const find = (words: readonly string[]): boolean => {
    let at: Command | undefined = program;
    for (const word of words) {
      const next: Command | undefined = at?.commands.find((one) => one.name() === word);
      if (word.startsWith('--')) return at?.options.some(({ long }) => long === word) === true;
      at = next;
    }
    return at !== undefined;
  };
  const missing = ROWS.flatMap(({ commands }) => commands).filter((command) => !find(command.split(' ')));
  t.deepEqual(missing, []);
});
