/** Finding cameras on the network (ONVIF): search with shared credentials, what was found, add the chosen ones. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DiscoveredCamera } from '../../api/api.ts';
import { camerasAt } from '../../api/cameras.ts';
import { messageOf, toast } from '../../app/toasts.tsx';
import { refreshCameras, server } from '../../app/stores.ts';
import { plural, t } from '../../messages/messages.ts';
import { FormError, TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { PlaceField } from './camera-dialog.tsx';
import { FoundPicture, startPreviews } from './found-picture.tsx';
import './cameras.css';

const SECONDS = 4;
type Search =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly began: number }
  | { readonly kind: 'done'; readonly found: readonly DiscoveredCamera[] }
  | { readonly kind: 'failed'; readonly error: unknown };
const search = signal<Search>({ kind: 'idle' });

export function Discovery({ auto }: { readonly auto?: boolean }): VNode {
  const [serverId, setServerId] = useState(server.peek()?.id ?? '');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [done, setDone] = useState<number>();
  const run = async (): Promise<void> => {
    const mine: Search = { kind: 'running', began: Date.now() };
    search.value = mine;
    try {
      const credentials = username === '' ? {} : { username, password };
      const { items } = await camerasAt.discover(placeId(serverId), { seconds: SECONDS, ...credentials });
      if (search.peek() !== mine) return; // what another server found meanwhile is no business of this one
      startPreviews(placeId(serverId), items, credentials);
      search.value = { kind: 'done', found: items };
      setChosen(new Set(items.filter(isAddable).map(({ xaddr }) => xaddr)));
    } catch (error) {
      if (search.peek() === mine) search.value = { kind: 'failed', error };
    }
  };
  const isGone = useGone();
  useEffect(() => {
    search.value = { kind: 'idle' };
    if (auto) void run();
  }, []);
  const state = search.value;
  const found = state.kind === 'done' ? state.found : [];
  const picked = found.filter(({ xaddr }) => chosen.has(xaddr));
  const add = async (): Promise<void> => {
    const added = await addAll(picked, { serverId: placeId(serverId), username, password }, setDone);
    setDone(undefined);
    if (added > 0) toast(plural(added, 'discover.addedOne', 'discover.addedMany'));
    await refreshCameras().catch(() => undefined);
    if (!isGone.current) await run();
  };
  return (
    <div class="stack">
      <fieldset class="stack" disabled={done !== undefined}>
        <PlaceField
          serverId={serverId}
          onChange={(id) => {
            setServerId(id);
            search.value = { kind: 'idle' };
          }}
        />
        <Credentials
          username={username}
          password={password}
          onUsername={setUsername}
          onPassword={setPassword}
          onSearch={() => void run()}
        />
      </fieldset>
      {state.kind === 'running' && <Progress began={state.began} />}
      {state.kind === 'failed' && <FormError error={state.error} />}
      {state.kind === 'done' && <Found found={found} chosen={chosen} onChange={setChosen} />}
      {found.length > 0 && <Adding count={picked.length} done={done} onAdd={() => void add()} />}
    </div>
  );
}

/** Whether this dialog is away: what another one searches by then is not its own. */
function useGone(): { readonly current: boolean } {
  const isGone = useRef(false);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );
  return isGone;
}

/** `done`: of these so many have been tried, while they are being added. */
type AddingProps = { readonly count: number; readonly done: number | undefined; readonly onAdd: () => void };
function Adding({ count, done, onAdd }: AddingProps): VNode {
  const text = t('discover.adding', { done: done ?? 0, total: count });
  return (
    <div class="row end">
      {done !== undefined && <span class="muted small">{text}</span>}
      {done !== undefined && <progress value={done} max={count} aria-label={text} />}
      <button type="button" class="button primary" disabled={count === 0 || done !== undefined} onClick={onAdd}>
        {plural(count, 'discover.addOne', 'discover.addMany')}
      </button>
    </div>
  );
}

type CredentialsProps = {
  readonly username: string;
  readonly password: string;
  readonly onUsername: (username: string) => void;
  readonly onPassword: (password: string) => void;
  readonly onSearch: () => void;
};
function Credentials({ username, password, onUsername, onPassword, onSearch }: CredentialsProps): VNode {
  return (
    <>
      <form
        class="discover-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSearch();
        }}
      >
        <TextField label={t('camera.username')} value={username} onInput={onUsername} />
        <TextField
          label={t('camera.password')}
          value={password}
          onInput={onPassword}
          type="password"
          autoComplete="new-password"
        />
        <button type="submit" class="button" disabled={search.value.kind === 'running'}>
          <Icon name="search" />
          {t('discover.search')}
        </button>
      </form>
      <p class="muted small">{t('discover.credentialsHint')}</p>
    </>
  );
}

const isAddable = ({ cameraId, profiles }: DiscoveredCamera): boolean => cameraId === undefined && profiles.length > 0;

/** The wizard comes here before it knows this box. */
const placeId = (chosen: string): string => (chosen === '' ? (server.peek()?.id ?? '') : chosen);

type Where = { readonly serverId: string; readonly username: string; readonly password: string };
/** Answers how many were added; each refusal is said with the camera's name. `onTried` hears how many are behind it. */
async function addAll(
  picked: readonly DiscoveredCamera[],
  { serverId, username, password }: Where,
  onTried: (done: number) => void,
): Promise<number> {
  let added = 0;
  for (const [index, { name, address, profiles }] of picked.entries()) {
    onTried(index);
    const [main, sub] = profiles;
    if (main === undefined) continue;
    try {
      await camerasAt.create(serverId, {
        name: nameFor(name ?? address),
        main: { url: main.url },
        ...(sub === undefined ? {} : { sub: { url: sub.url } }),
        ...(username === '' ? {} : { username, password }),
      });
      added += 1;
    } catch (error) {
      toast(`${name ?? address}: ${messageOf(error)}`, 'bad');
    }
  }
  return added;
}

/** A camera's own name made to fit the naming rules. */
const nameFor = (name: string): string =>
  name
    .replaceAll(/[`~!@#$%^&*()_=+[{\]}\\|;:'"<>/?\p{Cc}]/gu, ' ')
    .replace(/^[- ]+/, '')
    .slice(0, 32)
    .trim() || 'Camera';

function Progress({ began }: { readonly began: number }): VNode {
  const [share, setShare] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setShare(Math.min(1, (Date.now() - began) / (SECONDS * 1000))), 100);
    return () => clearInterval(timer);
  }, [began]);
  return (
    <div class="stack">
      <progress value={share} aria-label={t('discover.searching')} />
      <span class="muted small">{t('discover.searching')}</span>
    </div>
  );
}

type FoundProps = {
  readonly found: readonly DiscoveredCamera[];
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (next: ReadonlySet<string>) => void;
};
function Found({ found, chosen, onChange }: FoundProps): VNode {
  if (found.length === 0) return <p class="muted">{t('discover.nothing')}</p>;
  return (
    <ul class="found">
      {found.map((camera) => (
        <li key={camera.xaddr}>
          <FoundPicture camera={camera} />
          <label class="check grow">
            <input
              type="checkbox"
              disabled={!isAddable(camera)}
              checked={chosen.has(camera.xaddr)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.currentTarget.checked) next.add(camera.xaddr);
                else next.delete(camera.xaddr);
                onChange(next);
              }}
            />
            <span class="grow">
              <span class="strong">{camera.name ?? camera.address}</span>{' '}
              <span class="muted small">
                {camera.address} {camera.hardware}
              </span>
              <small>{camera.problem?.message ?? profileText(camera)}</small>
            </span>
          </label>
          {camera.cameraId !== undefined && <span class="chip good">{t('discover.present')}</span>}
          {camera.problem !== undefined && <span class="chip warn">{t('discover.problem')}</span>}
        </li>
      ))}
    </ul>
  );
}

const profileText = ({ profiles }: DiscoveredCamera): string =>
  profiles
    .map(({ name, codec, width, height }) =>
      [name, codec, width === undefined ? '' : `${width}×${height ?? ''}`].filter(Boolean).join(' '),
    )
    .join(' · ');
