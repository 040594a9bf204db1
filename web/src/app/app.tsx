/** Decides what is shown: first run, sign-in, or a page by its path; pages other than the first load when asked for. */
import { signal } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { api } from '../api/api.ts';
import { reachable } from '../api/client.ts';
import { t, wordsReady } from '../messages/messages.ts';
import { Empty, Waiting } from '../ui/dialog.tsx';
import { navigate, path } from './router.ts';
import { access, firstRun, loadAccess } from './session.ts';
import { Shell } from './shell.tsx';
import { Toasts } from './toasts.tsx';

type Loader = () => Promise<ComponentType>;
const PAGES: Readonly<Record<string, Loader>> = {
  '/live': async () => (await import('../pages/live/live-page.tsx')).LivePage,
  '/playback': async () => (await import('../pages/playback/playback-page.tsx')).PlaybackPage,
  '/cameras': async () => (await import('../pages/cameras/cameras-page.tsx')).CamerasPage,
  '/incidents': async () => (await import('../pages/incidents/incidents-page.tsx')).IncidentsPage,
  '/failover': async () => (await import('../pages/failover/servers/servers-page.tsx')).ServersPage,
  '/failover/protection': async () => (await import('../pages/failover/protection/protection-page.tsx')).ProtectionPage,
  '/failover/activity': async () => (await import('../pages/failover/activity/activity-page.tsx')).ActivityPage,
  '/failover/settings': async () =>
    (await import('../pages/failover/settings/failover-settings-page.tsx')).FailoverSettingsPage,
  '/exports': async () => (await import('../pages/exports/exports-page.tsx')).ExportsPage,
  '/snapshots': async () => (await import('../pages/snapshots/snapshots-page.tsx')).SnapshotsPage,
  '/health': async () => (await import('../pages/health/health-page.tsx')).HealthPage,
  '/events': async () => (await import('../pages/events/events-page.tsx')).EventsPage,
  '/settings/trust': async () => (await import('../pages/settings/trust-page.tsx')).TrustPage,
  '/settings': async () => (await import('../pages/settings/settings-page.tsx')).SettingsPage,
};
const signIn: Loader = async () => (await import('../pages/setup/sign-in-page.tsx')).SignInPage;
const setUp: Loader = async () => (await import('../pages/setup/first-run-page.tsx')).FirstRunPage;

const loaded = signal<ReadonlyMap<Loader, ComponentType>>(new Map());
const failed = signal<Loader | undefined>(undefined);

export function App(): VNode {
  return (
    <>
      <Content />
      <Toasts />
    </>
  );
}

function Content(): VNode {
  const now = access.value;
  switch (now.kind) {
    case 'unknown':
      return <Waiting />;
    case 'unreachable':
      return (
        <div class="front">
          <Empty icon="alert" title={t('shell.unreachable')} text={t('shell.unreachableText')}>
            <button type="button" class="button" onClick={() => void loadAccess()}>
              {t('common.retry')}
            </button>
          </Empty>
        </div>
      );
    case 'setup':
      return <Lazy loader={setUp} />;
    case 'signed-out':
      return <Lazy loader={signIn} />;
    case 'signed-in':
      return firstRun.value ? <Lazy loader={setUp} /> : <SignedIn />;
    default:
      return now satisfies never;
  }
}

function SignedIn(): VNode {
  const [, room = '', view = ''] = path.value.split('/');
  const loader = PAGES[`/${room}/${view}`] ?? PAGES[`/${room}`];
  useEffect(() => {
    if (path.value === '/') navigate('/live', 'replace');
  });
  return (
    <Shell>
      {loader === undefined ? (
        <Empty icon="search" title={t('shell.noPage')} text={t('shell.noPageText')}>
          <a class="button" href="/live">
            {t('nav.live')}
          </a>
        </Empty>
      ) : (
        <Lazy loader={loader} />
      )}
    </Shell>
  );
}

function Lazy({ loader }: { readonly loader: Loader }): VNode {
  const Component = loaded.value.get(loader);
  useEffect(() => {
    if (Component === undefined) void load(loader);
  }, [loader, Component]);
  if (Component !== undefined) return <Component />;
  if (failed.value !== loader) return <Waiting />;
  return <Missing loader={loader} />;
}

const AGAIN_MS = 2000;
/** Asks again: a network that was gone comes back. Only a reload helps after an update, when the old file names are gone. */
function Missing({ loader }: { readonly loader: Loader }): VNode {
  useEffect(() => {
    let timer = 0;
    const again = (): void => {
      timer = window.setTimeout(() => void load(loader).then(() => timer !== 0 && again()), AGAIN_MS);
    };
    again();
    return () => {
      clearTimeout(timer);
      timer = 0;
    };
  }, [loader]);
  return (
    <Empty
      icon="alert"
      title={t('shell.partMissing')}
      text={t(reachable.value ? 'shell.partMissingText' : 'shell.partAwayText')}
    >
      <button type="button" class="button" onClick={() => location.reload()}>
        {t('common.reload')}
      </button>
    </Empty>
  );
}

const ONCE_MORE_MS = 500;
/** Twice before anything is said: a link that changes (another network, a tunnel) breaks off whatever is on its way, and is there again. */
async function load(loader: Loader): Promise<void> {
  const fetched = async (): Promise<ComponentType> => {
    const component = await loader();
    await wordsReady();
    return component;
  };
  try {
    const component = await fetched().catch(async () => {
      await new Promise((resolve) => setTimeout(resolve, ONCE_MORE_MS));
      return await fetched();
    });
    loaded.value = new Map(loaded.value).set(loader, component);
  } catch {
    await api.setupState().catch(() => undefined); // tells whether the box answers at all
    failed.value = loader;
  }
}
