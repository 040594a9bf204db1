/** What is being put together for several servers: which, with which accounts, under which names; and what became of each. */
import { useState } from 'preact/hooks';
import { serversApi, type BatchRequest, type BatchResult, type FoundServer } from '../../../../api/servers.ts';
import { NOBODY, type Account } from '../account-fields.tsx';
import { isHost, refreshServers, rows } from '../store.ts';
import { namesFor, type NamingKind, type Preview } from './naming.ts';
import { ownSide } from './own-side.ts';
import { foundState, isAddable, type FoundState } from './row-state.ts';

/** As many as one request takes. */
export const MAX_ROWS = 100;
export const STEPS = ['choose', 'accounts', 'names', 'results'] as const;
export type Step = (typeof STEPS)[number];

export type Candidate = {
  /** Of the server, or of the place that was typed. */
  readonly key: string;
  readonly name: string;
  readonly host: string;
  readonly httpPort: number;
  readonly fingerprint: string;
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly mode: FoundServer['mode'] | undefined;
  readonly state: FoundState;
  /** It is older than this host, and gets the release of it before it is added. */
  readonly updateFirst?: true;
};
export type Plan = {
  readonly step: Step;
  readonly candidates: readonly Candidate[];
  readonly chosen: ReadonlySet<string>;
  readonly shared: boolean;
  readonly account: Account;
  readonly accounts: Readonly<Record<string, Account>>;
  /** The certificates were compared with what the boxes show. */
  readonly compared: boolean;
  readonly naming: NamingKind;
  readonly prefix: string;
  readonly typed: Readonly<Record<string, string>>;
  readonly lock: boolean;
};
const EMPTY: Plan = {
  step: 'choose',
  candidates: [],
  chosen: new Set(),
  shared: true,
  account: NOBODY,
  accounts: {},
  compared: false,
  naming: 'keep',
  prefix: '',
  typed: {},
  lock: false,
};

export type Batch = {
  readonly plan: Plan;
  /** A function is given the plan as it is by then: what was asked for meanwhile may have changed it. */
  readonly set: (change: Partial<Plan> | ((now: Plan) => Partial<Plan>)) => void;
  /** Those that were chosen, in the order shown. */
  readonly picked: readonly Candidate[];
  readonly steps: readonly Step[];
  readonly preview: readonly Preview[];
  /** Why the next step cannot be taken yet. */
  readonly isReady: boolean;
  readonly result: { readonly of: readonly Candidate[]; readonly rows: BatchResult['rows'] } | undefined;
  readonly busy: boolean;
  readonly error: unknown;
  readonly run: () => Promise<void>;
  /** Only what failed is tried again. */
  readonly again: () => void;
};

export const candidateOf = (found: FoundServer): Candidate => ({
  key: found.id,
  name: found.name,
  host: found.addresses[0] ?? '',
  httpPort: found.httpPort,
  fingerprint: found.httpsFingerprint,
  model: found.model,
  version: found.version,
  mode: found.mode,
  state: foundState(found, ownSide()),
});

export function useBatch(): Batch {
  const [plan, setPlan] = useState<Plan>(EMPTY);
  const [result, setResult] = useState<Batch['result']>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const set: Batch['set'] = (change) =>
    setPlan((before) => ({ ...before, ...(typeof change === 'function' ? change(before) : change) }));
  const picked = plan.candidates.filter(({ key }) => plan.chosen.has(key));
  const steps = STEPS.filter((step) => step !== 'names' || isHost.value);
  const taken = (rows.value ?? []).map(({ name }) => name);
  const preview = isHost.value ? namesFor(plan, picked, taken) : [];
  return {
    plan,
    set,
    picked,
    steps,
    preview,
    isReady: isReady(plan, picked, preview),
    result,
    busy,
    error,
    run: async () => {
      set({ step: 'results' });
      setBusy(true);
      setError(undefined);
      setResult(undefined);
      try {
        const answer = await serversApi.addBatch(requestOf(plan, picked));
        setResult({ of: picked, rows: answer.rows });
        await refreshServers();
      } catch (caught) {
        setError(caught);
      }
      setBusy(false);
    },
    again: () => {
      const done = new Set(result?.of.flatMap(({ key }, index) => (result.rows[index]?.ok === true ? [key] : [])));
      const candidates = plan.candidates.map((one): Candidate =>
        done.has(one.key) ? { ...one, state: 'added' } : one,
      );
      const chosen = new Set([...plan.chosen].filter((key) => !done.has(key)));
      set({ step: 'accounts', candidates, chosen });
      setResult(undefined);
      setError(undefined);
    },
  };
}

function isReady(plan: Plan, picked: readonly Candidate[], preview: readonly Preview[]): boolean {
  switch (plan.step) {
    case 'choose':
      return picked.length > 0 && picked.length <= MAX_ROWS && picked.every(({ state }) => isAddable(state));
    case 'accounts': {
      const isWhole = ({ username, password }: Account): boolean => username !== '' && password !== '';
      const all = plan.shared ? [plan.account] : picked.map(({ key }) => plan.accounts[key] ?? NOBODY);
      return plan.compared && all.every(isWhole);
    }
    case 'names':
      return preview.every(({ problem }) => problem === undefined);
    default:
      return true;
  }
}

function requestOf(plan: Plan, picked: readonly Candidate[]): BatchRequest {
  const { shared, account, accounts, naming, prefix, typed, lock } = plan;
  return {
    rows: picked.map(({ key, host, httpPort, fingerprint }) => {
      const name = typed[key] ?? '';
      return {
        host,
        httpPort,
        httpsFingerprint: fingerprint,
        ...(shared ? {} : (accounts[key] ?? NOBODY)),
        ...(name === '' || !isHost.value ? {} : { name }),
      };
    }),
    ...(shared ? account : {}),
    ...(isHost.value && naming !== 'keep'
      ? { naming: naming === 'prefix-number' ? { kind: naming, prefix } : { kind: naming } }
      : {}),
    ...(isHost.value && lock ? { lock } : {}),
    ...(picked.some(({ updateFirst }) => updateFirst === true) ? { updateOlder: true } : {}),
  };
}
