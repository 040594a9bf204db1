/** What the documents name is there, and design notes have the sections that a reader looks for. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import test from 'ava';

const ROOT = resolve(import.meta.dirname, '..');
const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const NOTES = markdownIn('docs/design');
const DOCUMENTS = [...markdownIn('.'), ...markdownIn('docs'), ...NOTES, ...markdownIn('docs/results')];
const TESTS = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).map((name) => `/${name}`);
const textOf = (document: string): string => readFileSync(join(ROOT, document), 'utf8');

/** In the order a reader meets them; Background may stand for Overview. */
const SECTIONS = ['Objective', 'Overview', 'Detailed design', 'Caveats', 'Alternatives considered'];

function brokenLinks(document: string): readonly string[] {
  return [...textOf(document).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(document), target)));
}

/** Paths in code spans that begin at the root of the repository, and names behind one of them, which are in the same folder. */
function missingFiles(document: string): readonly string[] {
  const missing: string[] = [];
  for (const line of textOf(document).split('\n')) {
    let folder: string | undefined;
    for (const [, name = ''] of line.matchAll(/`([\w@./-]+)`/g)) {
      const isPath = /^(src|web|test|docs|bench|bin|assets|tools)\/[\w./-]*$/.test(name);
      if (isPath) folder = name.endsWith('/') ? name : dirname(name);
      const path = isPath
        ? name
        : folder?.startsWith('src') && /^[\w-]+\.ts$/.test(name)
          ? join(folder, name)
          : undefined;
      if (path !== undefined && !existsSync(join(ROOT, path))) missing.push(path);
    }
  }
  return missing;
}

/** Tests are named by the end of their path: `rtsp/url.test.ts`, `security/roles`. */
function missingTests(document: string): readonly string[] {
  return [
    ...textOf(document).matchAll(/`([\w-]+\/[\w-]+\.test\.ts|(?:security|browser|interop|scenario)\/[\w-]+)[`:]/g),
  ]
    .map(([, name = '']) => name.replace(/(?<!\.test\.ts)$/, '.test.ts'))
    .filter((name) => !TESTS.some((test) => `/test${test}`.endsWith(`/${name}`)));
}

for (const document of DOCUMENTS) {
  test(`${document} names only what is there`, (t) => {
    t.deepEqual(brokenLinks(document), []);
    t.deepEqual(missingFiles(document), []);
    t.deepEqual(missingTests(document), []);
  });
}

for (const note of NOTES) {
  test(`${note} says status, objective, design, caveats and alternatives`, (t) => {
    const text = textOf(note);
    t.regex(text, /^\*\*Status\*\*: \S/m);
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
      heading.replace('Background', 'Overview'),
    );
    t.deepEqual(
      headings.filter((heading) => SECTIONS.includes(heading)),
      SECTIONS,
    );
  });
}

test('the page of pages shows every picture that the browser tests keep', (t) => {
  const shown = textOf('docs/ui.md');
  const pictures = readdirSync(join(ROOT, 'docs/images'));
  t.deepEqual(
    pictures.filter((name) => !shown.includes(`(images/${name})`)),
    [],
  );
});
