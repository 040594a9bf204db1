/**
 * Completes package-lock.json after a change of dependencies: `node tools/complete-lock.ts`.
 *
 * Packages with native parts name one optional package a platform. A registry that holds only some of them leaves the others out of the
 * lock file, and `npm ci` then refuses the whole file. Each missing one is entered with its exact version and the platform its name
 * tells, which is what npm looks at to leave it out again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

type Entry = {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
};
type Lock = { packages: Record<string, Entry> };

const PATH = resolve(import.meta.dirname, '../package-lock.json');
const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'netbsd',
  'openbsd',
  'sunos',
  'aix',
  'linux',
  'openharmony',
  'win32',
  'wasm32',
];
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'];

const lock = JSON.parse(readFileSync(PATH, 'utf8')) as Lock;
let added = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined || !/^\d+\.\d+\.\d+/.test(version)) continue;
    lock.packages[key] = { version, ...(entry.dev === true ? { dev: true } : {}), optional: true, ...platformOf(name) };
    added += 1;
  }
}
const ordered = Object.entries(lock.packages).toSorted(([one], [other]) => (one < other ? -1 : 1));
writeFileSync(PATH, `${JSON.stringify({ ...lock, packages: Object.fromEntries(ordered) }, undefined, 2)}\n`);
console.log(`${added} optional packages of other platforms entered`);

function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  const words = (name.split('/')[1] ?? name).split('-');
  // WebAssembly runs everywhere and is never what a supported platform takes.
  if (words.includes('wasm32')) return { cpu: ['wasm32'] };
  const os = SYSTEMS.find((system) => words.includes(system));
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  return {
    ...(os === undefined ? {} : { os: [os] }),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {}),
  };
}
