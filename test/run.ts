/**
 * Runs the suites one after the other, fast ones first, and ends with the line `N passed, N failed`.
 * A failing linter or type check counts as one failed test. Arguments choose suites.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

type Suite = { readonly name: string; readonly command: readonly string[]; readonly tap: boolean };
type Tally = { readonly passed: number; readonly failed: number };

const ava = (config: string): readonly string[] => ['node', 'test/ava-tap.ts', '--config', config];
const SUITES: readonly Suite[] = [
  { name: 'format', command: ['oxfmt', '--check', '.'], tap: false },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'], tap: false },
  { name: 'types', command: ['tsc', '-p', '.'], tap: false },
  { name: 'web-types', command: ['tsc', '-p', 'web'], tap: false },
  { name: 'unit', command: ava('ava.config.js'), tap: true },
  { name: 'scenario', command: ava('ava.scenario.config.js'), tap: true },
  { name: 'interop', command: ava('ava.interop.config.js'), tap: true },
  { name: 'browser', command: ava('ava.browser.config.js'), tap: true },
];

// A few hundred processes load the same sources: compiled once, a box starts with two thirds of the CPU.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../node_modules/.cache/compiled');

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`unknown suite ${unknown.join(', ')}; there are: ${SUITES.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}

let total: Tally = { passed: 0, failed: 0 };
for (const suite of SUITES) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  const began = Date.now();
  const tally = await run(suite);
  total = { passed: total.passed + tally.passed, failed: total.failed + tally.failed };
  console.log(
    `# ${suite.name}: ${tally.passed} passed, ${tally.failed} failed, ${((Date.now() - began) / 1000).toFixed(1)} s`,
  );
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

async function run({ command, tap }: Suite): Promise<Tally> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      console.error(`cannot run ${file}: ${error.message}`);
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  let passed = 0;
  let failed = 0;
  let inFailure = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const result = tap ? /^(not )?ok \d+/.exec(line) : undefined;
    if (result) {
      inFailure = result[1] !== undefined;
      if (inFailure) failed += 1;
      else passed += 1;
    }
    if (!tap || inFailure) console.log(line);
  }
  const clean = await ended;
  if (!tap) return clean ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  return clean || failed > 0 ? { passed, failed } : { passed, failed: 1 };
}
