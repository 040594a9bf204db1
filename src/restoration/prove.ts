/**
 * Before a copy is let go, the other one is read: of what the protected server is said to have, there; of what shall replace something
 * there, here. Belongs here: which groups, and asking. Does not: reading them (archive/prove-groups.ts), what follows (decide.ts).
 */
import type { StreamKey } from '../archive/catalogue-types.ts';
import type { GroupProver } from '../archive/prove-groups.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { Verdict } from '../ledger/seams.ts';
import { MAX_PROVED } from '../wire/footage-protocol.ts';
import type { FootageGroup, GroupName, Proof } from '../wire/footage-protocol.ts';
import { readProveResult } from '../wire/parse-footage.ts';
import type { RestorationDeps } from './restoration-types.ts';

export type ProveDeps = Pick<RestorationDeps, 'request'> & {
  readonly prover: GroupProver;
  readonly signal: AbortSignal;
};
/** `altered`: what was compared is not what is there; it is to be compared again, without those of `mine`, which are damaged here. */
export type Proved =
  | { readonly kind: 'altered'; readonly mine: readonly FootageGroup[] }
  | { readonly kind: 'proved'; readonly verdicts: readonly Verdict[] };

const ASK_TIMEOUT = durationMs(60_000);

/** @throws what requests throw; system errors */
export async function prove(
  deps: ProveDeps,
  { serverId, key }: { readonly serverId: string; readonly key: StreamKey },
  verdicts: readonly Verdict[],
): Promise<Proved> {
  const mine = verdicts.flatMap((verdict) =>
    verdict.kind === 'return' && verdict.supersedes.length > 0 ? [verdict.group] : [],
  );
  const here = await proveAll(mine, async (names) => await deps.prover.prove(key, names));
  const theirs = new Map(
    verdicts.flatMap((verdict) => (verdict.kind === 'known' ? verdict.by : [])).map((group) => [nameOf(group), group]),
  );
  const there = await proveAll([...theirs.values()], async (groups) => {
    const options = { via: 'bulk', timeoutMs: ASK_TIMEOUT, signal: deps.signal } as const;
    const { result } = await deps.request(serverId, 'footage.prove', { ...key, groups }, options);
    return readProveResult(result, 'proofs').proofs;
  });
  const damaged = mine.filter((group) => here.get(nameOf(group)) !== 'whole');
  if (damaged.length > 0 || [...there.values()].includes('altered')) return { kind: 'altered', mine: damaged };
  const isSure = (group: FootageGroup): boolean => there.get(nameOf(group)) === 'whole';
  return {
    kind: 'proved',
    verdicts: verdicts.map((verdict) =>
      verdict.kind === 'known' && !verdict.by.every(isSure) ? { kind: 'wait', group: verdict.group } : verdict,
    ),
  };
}

const nameOf = ({ recordedBy, firstSequence }: FootageGroup): string => `${recordedBy}/${firstSequence}`;

type Ask = (groups: readonly GroupName[]) => Promise<readonly Proof[]>;

async function proveAll(groups: readonly FootageGroup[], ask: Ask): Promise<ReadonlyMap<string, Proof>> {
  const proofs = new Map<string, Proof>();
  for (let done = 0; done < groups.length;) {
    const asked = groups.slice(done, done + MAX_PROVED);
    const found = await ask(
      asked.map(({ recordedBy, firstSequence, start, end, digest }) => ({
        recordedBy,
        firstSequence,
        start,
        end,
        digest,
      })),
    );
    if (found.length === 0 || found.length > asked.length)
      throw new UnderstudyError(
        'protocol',
        'footage/proofs',
        `${found.length} proofs came for ${asked.length} groups.`,
      );
    for (const [index, proof] of found.entries()) {
      const group = asked[index];
      if (group !== undefined) proofs.set(nameOf(group), proof);
    }
    done += found.length;
  }
  return proofs;
}
