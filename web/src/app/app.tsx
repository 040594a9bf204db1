/** Decides what is shown: first run, sign-in, or a page by its path; pages other than the first load when asked for. */
import { signal } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../messages/messages.ts';
import { Empty } from '../ui/dialog.tsx';
import { navigate, path } from './router.ts';
import { access, firstRun, loadAccess } from './session.ts';
import { Shell } from './shell.tsx';
import { Toasts } from './toasts.tsx';

type Loader = () => Promise<ComponentType>;
const PAGES: Readonly<Record<string, Loader>> = {
  '/live': async () => (await import('../pages/live/live-page.tsx')).LivePage,
  '/playback': async () => (await import('../pages/playback/playback-page.tsx')).PlaybackPage,
  '/cameras': async () => (await import('../pages/cameras/cameras-page.tsx')).CamerasPage,
  '/exports': async () => (await import('../pages/exports/exports-page.tsx')).ExportsPage,
  '/health': async () => (await import('../pages/health/health-page.tsx')).HealthPage,
  '/events': async () => (await import('../pages/events/events-page.tsx')).EventsPage,
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
  const section = `/${path.value.split('/')[1] ?? ''}`;
  const loader = PAGES[section];
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
  return (
    <Empty icon="alert" title={t('shell.partMissing')} text={t('shell.partMissingText')}>
      <button type="button" class="button" onClick={() => location.reload()}>
        {t('common.reload')}
      </button>
    </Empty>
  );
}

async function load(loader: Loader): Promise<void> {
  try {
    const component = await loader();
    loaded.value = new Map(loaded.value).set(loader, component);
  } catch {
    failed.value = loader; // after an update the old file name is gone: a reload brings the new ones
  }
}

function Waiting(): VNode {
  return (
    <div class="empty" aria-busy="true">
      <span class="spinner" />
      <span class="hidden-text">{t('common.loading')}</span>
    </div>
  );
}
