/** What this box is, and how its site is: a line in the rail, a strip where there is none, and words for a screen reader when it changes. */
import { computed } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { plural, t } from '../messages/messages.ts';
import { cameras, server, siteState } from './stores.ts';
import { say } from './toasts.tsx';

type Tone = 'good' | 'warn' | 'bad' | 'info';
export type SiteLine = { readonly tone: Tone; readonly text: string; readonly to: string };

/** Nothing to say where a box stands alone and records. */
export const siteLine = computed((): SiteLine | undefined => {
  const box = server.value;
  if (box === undefined) return undefined;
  if (box.mode === 'host') return hostLine();
  const covered = (cameras.value ?? []).filter(({ coveredBy }) => coveredBy?.id === box.id).length;
  if (covered > 0)
    return { tone: 'warn', text: plural(covered, 'site.coversOne', 'site.coversMany'), to: '/failover/activity' };
  const host = box.site.host;
  if (host === undefined) return undefined;
  const key = host.connected ? 'site.managed' : 'site.hostAway';
  return { tone: host.connected ? 'good' : 'warn', text: t(key, { name: host.name }), to: '/failover' };
});

function hostLine(): SiteLine | undefined {
  const counts = siteState.value;
  if (counts === undefined || counts.total < 2) return undefined;
  const { offline, covered } = counts.states;
  const parts = [
    ...(offline > 0 ? [plural(offline, 'site.offlineOne', 'site.offlineMany')] : []),
    ...(covered > 0 ? [plural(covered, 'site.coveredOne', 'site.coveredMany')] : []),
  ];
  if (parts.length === 0) return { tone: 'good', text: t('site.allOnline', { n: counts.total }), to: '/failover' };
  return { tone: offline > 0 ? 'bad' : 'warn', text: parts.join(', '), to: '/failover' };
}

export const isTrouble = ({ tone }: SiteLine): boolean => tone === 'warn' || tone === 'bad';

/** In the rail. */
export function SiteStatus(): VNode | null {
  const line = siteLine.value;
  const before = useRef<string>(undefined);
  useEffect(() => {
    if (line === undefined) return;
    // The first thing known is no news, a change is.
    if (before.current !== undefined && before.current !== line.text) say(line.text);
    before.current = line.text;
  }, [line?.text]);
  if (line === undefined) return null;
  return (
    <a class="nav-button" href={line.to} title={line.text}>
      <span class={`dot ${line.tone}`} />
      <span class="label cut">{line.text}</span>
    </a>
  );
}

/** Where the rail has no room for words: only what is wrong. */
export function SiteStrip(): VNode | null {
  const line = siteLine.value;
  if (line === undefined || !isTrouble(line)) return null;
  return (
    <a class={`site-strip ${line.tone}`} href={line.to}>
      <span class="dot" />
      <span class="cut">{line.text}</span>
    </a>
  );
}
