/**
 * Defects planted on purpose into the real sources, to see that the simulation catches them: each is a copy of the tree with one piece of
 * text replaced. A piece that is no longer there fails the test, so the list cannot go stale.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Outcome } from './coordination/simulation.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NEEDED = [
  'src/core',
  'src/archive/disk-pulse.ts',
  'src/site',
  'src/wire',
  'src/ledger',
  'src/failover',
  'src/recorder/backoff.ts',
  'src/coordination',
  'test/campaign/coordination',
  'test/support/seeded-random.ts',
];

export type Mutant = {
  readonly name: string;
  /** What the verdict must complain about. */
  readonly caughtBy: RegExp;
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[];
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'yield to a higher claim before it records',
    caughtBy: /nobody else had recorded it|recorded by nobody/,
    changes: [
      {
        file: 'src/failover/claim-decisions.ts',
        from: 'return since !== undefined && at - since >= YIELD_OVERLAP_MS;',
        to: 'return true;',
      },
      { file: 'src/failover/claims.ts', from: 'return streams.some(', to: 'return true || streams.some(' },
    ],
  },
  {
    name: 'delete without a receipt',
    caughtBy: /which is not durable|is lost/,
    changes: [
      {
        file: 'test/campaign/coordination/failover-box.ts',
        from: "if (seconds.length > 0) return engine.send(id, serverId, { kind: 'footage', seconds } as SimMessage);",
        to: "if (seconds.length > 0) { engine.send(id, serverId, { kind: 'footage', seconds } as SimMessage); return removeReturned({ kind: 'receipt', receipts: seconds.map((second) => ({ fileId: second, serverId: '?', sha256: '?', at: 0, signature: '' })) }); }",
      },
      {
        file: 'src/failover/deletion.ts',
        from: 'return receipt.fileId === file.id && receipt.sha256 === file.sha256 && receipt.serverId === serverId;',
        to: 'return true;',
      },
    ],
  },
  {
    name: 'acknowledge returned footage before it is flushed',
    caughtBy: /which is not durable|is lost/,
    changes: [
      {
        file: 'test/campaign/coordination/other-boxes.ts',
        from: 'for (const second of seconds) footage.write(second);',
        to: 'for (const second of seconds) footage.write(second);\n    acknowledge(from, seconds);',
      },
    ],
  },
  {
    name: 'the host issues epochs that it does not keep',
    caughtBy: /the host issued|is owned by/,
    changes: [{ file: 'test/campaign/coordination/other-boxes.ts', from: 'durable.push(record);', to: '' }],
  },
  {
    name: 'a failover server does not keep the epochs that it used',
    caughtBy: /went back to epoch|is owned by/,
    changes: [
      {
        file: 'test/campaign/coordination/failover-box.ts',
        from: 'claimsDisk.flush();',
        to: '',
      },
    ],
  },
  {
    name: 'stop on a keep-alive, however late it is read',
    caughtBy: /nobody else had recorded it|recorded by nobody/,
    changes: [
      {
        file: 'src/failover/settle.ts',
        from: "draft.effects.push({ kind: 'confirm-handover', ask, streams });",
        to: "release(draft, streams, 'confirmed');",
      },
      {
        file: 'src/failover/settle.ts',
        from: 'if (heard?.wellSince === undefined || at - heard.wellSince < OVERLAP_MS) return false;',
        to: 'if (heard === undefined) return false;',
      },
      {
        file: 'src/failover/settle.ts',
        from: 'if (state.calmSince === undefined || at - state.calmSince < OVERLAP_MS) return false;',
        to: 'if (state.calmSince === undefined) return false;',
      },
    ],
  },
  {
    name: 'believe a server that has just thawed',
    caughtBy: /nobody else had recorded it|recorded by nobody/,
    changes: [
      {
        file: 'src/failover/settle.ts',
        from: 'if (state.calmSince === undefined || at - state.calmSince < OVERLAP_MS) return false;',
        to: 'if (state.calmSince === undefined) return false;',
      },
      {
        file: 'src/failover/settle.ts',
        from: 'if (heard?.wellSince === undefined || at - heard.wellSince < OVERLAP_MS) return false;',
        to: 'if (heard === undefined) return false;',
      },
    ],
  },
  {
    name: 'never leave a camera with a single session to its own server',
    caughtBy: /did not go home/,
    changes: [{ file: 'src/failover/give-way.ts', from: 'return isLong && (', to: 'return false && (' }],
  },
  {
    name: 'leave cameras to their own server that are not refused',
    caughtBy: /which has room for everybody|which its server records/,
    changes: [
      {
        file: 'src/failover/give-way.ts',
        from: 'if (wanted?.covered !== true || state.heard[key]?.refusedSince === undefined) return false;',
        to: 'if (wanted !== undefined) return true;',
      },
      {
        file: 'src/failover/settle.ts',
        from: 'const shutOut = noRoom.flatMap((row) => draft.state.wanted[keyOf(row)]?.stream ?? []);',
        to: 'const shutOut = wantedOf(draft.state).map(({ stream }) => stream);',
      },
    ],
  },
  {
    name: 'never step in for another failover server that fell silent',
    caughtBy: /recorded by nobody/,
    changes: [
      {
        file: 'src/failover/claim-decisions.ts',
        from: 'at - lastSign > most;',
        to: 'at - lastSign > 1_000_000;',
      },
    ],
  },
];

/** Plays `seeds` from 1 on until the defect shows; `undefined`: it did not. */
export async function playMutant(
  mutant: Mutant,
  seeds: number,
): Promise<{ readonly seed: number; readonly violation: string } | undefined> {
  const tree = await mkdtemp(join(tmpdir(), 'understudy-mutant-'));
  try {
    for (const path of NEEDED) await cp(join(ROOT, path), join(tree, path), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    await writeFile(join(tree, 'package.json'), '{ "type": "module" }');
    for (const change of mutant.changes) await plant(tree, change);
    const { simulate } = (await import(join(tree, 'test/campaign/coordination/simulation.ts'))) as {
      readonly simulate: (seed: number) => Outcome;
    };
    for (let seed = 1; seed <= seeds; seed += 1) {
      const violation = simulate(seed).violations.find((text) => mutant.caughtBy.test(text));
      if (violation !== undefined) return { seed, violation };
    }
    return undefined;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function plant(tree: string, { file, from, to }: Mutant['changes'][number]): Promise<void> {
  const path = join(tree, file);
  const text = await readFile(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`expected once in ${file}: ${from}`);
  await writeFile(
    path,
    text.replace(from, () => to),
  );
}
