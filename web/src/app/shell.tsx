/** Around every page: navigation, this box's status, theme, user, and the banner while the box does not answer. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reachable } from '../api/client.ts';
import { t, type MessageKey } from '../messages/messages.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { path } from './router.ts';
import { access, signOut } from './session.ts';
import { SiteStatus, SiteStrip } from './site-status.tsx';
import { healthTone, server } from './stores.ts';
import { setTheme, shownTheme } from './theme.ts';

type Place = { readonly to: string; readonly icon: IconName; readonly name: MessageKey };
const PLACES: readonly Place[] = [
  { to: '/live', icon: 'live', name: 'nav.live' },
  { to: '/playback', icon: 'playback', name: 'nav.playback' },
  { to: '/incidents', icon: 'alert', name: 'nav.incidents' },
  { to: '/cameras', icon: 'camera', name: 'nav.cameras' },
  { to: '/failover', icon: 'shield', name: 'nav.failover' },
  { to: '/exports', icon: 'exports', name: 'nav.exports' },
  { to: '/health', icon: 'health', name: 'nav.health' },
  { to: '/events', icon: 'events', name: 'nav.events' },
  { to: '/settings', icon: 'settings', name: 'nav.settings' },
];
const ON_PHONE = 4;
const PHONE_PLACES = ['/live', '/playback', '/cameras', '/health'];

export function Shell({ children }: { readonly children: ComponentChildren }): VNode {
  const main = useRef<HTMLElement>(null);
  const shown = path.value;
  const [first, setFirst] = useState(shown);
  useLayoutEffect(() => {
    if (shown === first) return;
    setFirst(shown);
    main.current?.focus({ preventScroll: true }); // a screen reader starts reading the new page
  }, [shown]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={() => main.current?.focus()}>
        {t('shell.skip')}
      </a>
      <Rail />
      <main class="main" id="main" tabIndex={-1} ref={main}>
        <ConnectionBanner />
        <SiteStrip />
        {children}
      </main>
      <BottomBar />
    </div>
  );
}

/** Pages that are reached from one of the places, and lie beside it. */
const PLACE_OF: Readonly<Record<string, string>> = { '/snapshots': '/exports' };
const isCurrent = (to: string): 'page' | 'true' | undefined => {
  if (path.value === to || path.value.startsWith(`${to}/`)) return 'page';
  return PLACE_OF[path.value] === to ? 'true' : undefined;
};

function Rail(): VNode {
  const problems = server.value?.health.items.filter(({ severity }) => severity !== 'info').length ?? 0;
  return (
    <header class="rail">
      <a class="brand" href="/live">
        <img src="/favicon.svg" alt="" width="24" height="24" />
        <span class="brand-text">
          Understudy
          <small class="cut">{server.value?.name ?? ''}</small>
        </span>
      </a>
      <BoxKind />
      <nav class="nav" aria-label={t('nav.label')}>
        {PLACES.map(({ to, icon, name }) => (
          <a key={to} href={to} aria-current={isCurrent(to)} title={t(name)}>
            <Icon name={icon} />
            <span class="label">{t(name)}</span>
            {to === '/health' && problems > 0 && <span class="count">{problems}</span>}
          </a>
        ))}
      </nav>
      <div class="rail-foot">
        <SiteStatus />
        <a class="nav-button" href="/health">
          <span class={`dot ${healthTone.value}`} />
          <span class="label">{t(`health.${healthTone.value}`)}</span>
        </a>
        <ThemeButton />
        <UserMenu />
      </div>
    </header>
  );
}

/** What this box is. */
function BoxKind(): VNode | null {
  const box = server.value;
  if (box === undefined) return null;
  const { mode, replacedBy } = box;
  const text = replacedBy === undefined ? t(`box.${mode}`) : t('box.replaced', { name: replacedBy.name });
  return (
    <p class="box-kind" title={text}>
      <Icon name={mode === 'recording' ? 'camera' : mode === 'failover' ? 'shield' : 'table'} />
      <span class="label cut">{text}</span>
    </p>
  );
}

function ThemeButton(): VNode {
  const next = shownTheme.value === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="nav-button" onClick={() => setTheme(next)} title={t(`theme.to.${next}`)}>
      <Icon name={next === 'light' ? 'sun' : 'moon'} />
      <span class="label">{t(`theme.to.${next}`)}</span>
    </button>
  );
}

function UserMenu(): VNode | null {
  const now = access.value;
  if (now.kind !== 'signed-in') return null;
  const { username, role } = now.session.user;
  const button = (
    <>
      <Icon name="user" />
      <span class="label cut">{username}</span>
    </>
  );
  return (
    <Menu button={button} label={`${username}, ${t(`role.${role}`)}`} buttonClass="nav-button" direction="up">
      <MenuActions />
    </Menu>
  );
}

function MenuActions(): VNode {
  return (
    <>
      <a href="/settings">
        <Icon name="settings" />
        {t('nav.settings')}
      </a>
      <button type="button" onClick={() => void signOut()}>
        <Icon name="signOut" />
        {t('session.signOut')}
      </button>
    </>
  );
}

function BottomBar(): VNode {
  const rest = PLACES.filter(({ to }) => !PHONE_PLACES.includes(to));
  const next = shownTheme.value === 'dark' ? 'light' : 'dark';
  const button = (
    <>
      <Icon name="more" />
      {t('nav.more')}
    </>
  );
  return (
    <nav class="bottom-bar" aria-label={t('nav.label')}>
      {PLACES.filter(({ to }) => PHONE_PLACES.includes(to))
        .slice(0, ON_PHONE)
        .map(({ to, icon, name }) => (
          <a key={to} href={to} aria-current={isCurrent(to)}>
            <Icon name={icon} />
            {t(name)}
          </a>
        ))}
      <Menu button={button} label={t('nav.more')} buttonClass="" direction="up">
        {rest.map(({ to, icon, name }) => (
          <a key={to} href={to}>
            <Icon name={icon} />
            {t(name)}
          </a>
        ))}
        <button type="button" onClick={() => setTheme(next)}>
          <Icon name={next === 'light' ? 'sun' : 'moon'} />
          {t(`theme.to.${next}`)}
        </button>
        <button type="button" onClick={() => void signOut()}>
          <Icon name="signOut" />
          {t('session.signOut')}
        </button>
      </Menu>
    </nav>
  );
}

/** Appears after the box has not answered, and goes by itself when the event stream is back. */
function ConnectionBanner(): VNode | null {
  const [lost, setLost] = useState(false);
  const online = reachable.value;
  useEffect(() => {
    if (online) {
      setLost(false);
      return undefined;
    }
    const timer = setTimeout(() => setLost(true), 800); // a blink of the network is not worth a banner
    return () => clearTimeout(timer);
  }, [online]);
  if (!lost) return null;
  return (
    <div class="banner" role="status">
      <span class="spinner" />
      {t('shell.lost')}
    </div>
  );
}

type PageProps = {
  readonly title: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly fill?: boolean;
};
/** A page's frame: its title, what can be done on it, its content; `fill` for pages that scroll inside. */
export function Page({ title, actions, children, fill }: PageProps): VNode {
  useEffect(() => {
    document.title = `${title} · ${server.value?.name ?? 'Understudy'}`;
  });
  return (
    <div class={fill ? 'page-fill' : 'page'}>
      <header class="page-head">
        <h1>{title}</h1>
        {actions}
      </header>
      {children}
    </div>
  );
}
