/** Adding by address: what was typed, what the test found, which certificate was confirmed. */
import { useRef, useState } from 'preact/hooks';
import { ApiError } from '../../../../api/client.ts';
import { serversApi, type FoundServer, type TestRequest, type TestServerResult } from '../../../../api/servers.ts';
import { toast } from '../../../../app/toasts.tsx';
import { t } from '../../../../messages/adding/words.ts';
import { isHost, refreshServers } from '../store.ts';
import { useWork } from '../use-work.ts';

export type AddressDraft = {
  readonly host: string;
  readonly httpPort: string;
  readonly username: string;
  readonly password: string;
  readonly lock: boolean;
};
type Busy = 'no' | 'testing' | 'enabling' | 'adding';
export type AddressForm = {
  readonly draft: AddressDraft;
  readonly set: (change: Partial<AddressDraft>) => void;
  readonly choose: (found: FoundServer) => void;
  readonly busy: Busy;
  readonly error: unknown;
  readonly result: TestServerResult | undefined;
  /** The certificate that somebody compared with what the other box shows. */
  readonly confirmed: string | undefined;
  readonly confirm: (fingerprint: string) => void;
  readonly test: () => Promise<void>;
  readonly enable: () => Promise<void>;
  /** Enter: tests until a certificate is confirmed, then adds. */
  readonly submit: () => Promise<void>;
};

const NEW: AddressDraft = { host: '', httpPort: '51443', username: '', password: '', lock: false };

export function useAddress(onAdded: () => void): AddressForm {
  const [draft, setDraft] = useState(NEW);
  const [doing, setDoing] = useState<Busy>('no');
  const [result, setResult] = useState<TestServerResult>();
  const [confirmed, setConfirmed] = useState<string>();
  const { error, during } = useWork();
  /** Counts addresses: what is answered of one is nothing about the next. */
  const place = useRef(0);
  const forget = (): void => {
    place.current += 1;
    setConfirmed(undefined);
    setResult(undefined);
  };
  const work = async (kind: Busy, what: () => Promise<void>): Promise<void> => {
    setDoing(kind);
    const asked = place.current;
    await during(() =>
      what().catch((caught: unknown) => {
        if (place.current !== asked) return;
        // Another certificate than the one that was confirmed: it has to be looked at again.
        if (caught instanceof ApiError && caught.problem.code === 'server/fingerprint') forget();
        throw caught;
      }),
    );
    setDoing('no');
  };
  const testWith = async (fingerprint: string | undefined): Promise<void> => {
    const asked = place.current;
    const answer = await serversApi.test(testOf(draft, fingerprint));
    if (place.current === asked) setResult(answer);
  };
  const test = (): Promise<void> => work('testing', () => testWith(confirmed));
  const steps = stepsOf(draft, { work, testWith, onAdded });
  return {
    draft,
    error,
    result,
    confirmed,
    test,
    busy: doing,
    set: (change) => {
      if (change.host !== undefined || change.httpPort !== undefined) forget();
      setDraft((before) => ({ ...before, ...change }));
    },
    choose: ({ addresses, httpPort }) => {
      forget();
      setDraft((before) => ({ ...before, host: addresses[0] ?? '', httpPort: String(httpPort) }));
    },
    confirm: (fingerprint) => {
      setConfirmed(fingerprint);
      if (hasAccount(draft)) void work('testing', () => testWith(fingerprint));
    },
    enable: async () => (confirmed === undefined ? undefined : await steps.enable(confirmed)),
    submit: () => (confirmed === undefined ? test() : steps.add(confirmed)),
  };
}

const hasAccount = ({ username, password }: AddressDraft): boolean => username !== '' && password !== '';
const placeOf = ({ host, httpPort }: AddressDraft): { readonly host: string; readonly httpPort: number } => ({
  host: host.trim(),
  httpPort: Number(httpPort),
});

/** Nothing secret goes to a certificate that nobody confirmed. */
function testOf(draft: AddressDraft, httpsFingerprint: string | undefined): TestRequest {
  if (httpsFingerprint === undefined) return placeOf(draft);
  const { username, password } = draft;
  return { ...placeOf(draft), httpsFingerprint, ...(hasAccount(draft) ? { username, password } : {}) };
}

type Steps = {
  readonly work: (kind: Busy, what: () => Promise<void>) => Promise<void>;
  readonly testWith: (fingerprint: string) => Promise<void>;
  readonly onAdded: () => void;
};
function stepsOf(
  draft: AddressDraft,
  { work, testWith, onAdded }: Steps,
): Readonly<Record<'enable' | 'add', (httpsFingerprint: string) => Promise<void>>> {
  const { username, password, lock } = draft;
  const account = { ...placeOf(draft), username, password };
  return {
    enable: (httpsFingerprint) =>
      work('enabling', async () => {
        const { name } = await serversApi.enableManagement({ ...account, httpsFingerprint });
        toast(t('enable.done', { name }));
        await testWith(httpsFingerprint);
      }),
    add: (httpsFingerprint) =>
      work('adding', async () => {
        const { name } = await serversApi.add({ ...account, httpsFingerprint, ...(isHost.value ? { lock } : {}) });
        await refreshServers();
        toast(t('add.done', { name }));
        onAdded();
      }),
  };
}
