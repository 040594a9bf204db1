/** How a server is, and what it is, as words with a colour beside them. */
import type { VNode } from 'preact';
import type { CmsMode, SiteServerState } from '../../../api/servers.ts';
import { t } from '../../../messages/servers/words.ts';
import { Icon, type IconName } from '../../../ui/icon.tsx';

export const TONES: Readonly<Record<SiteServerState, string>> = {
  online: 'good',
  covering: 'info',
  covered: 'warn',
  offline: 'bad',
  disabled: '',
  'detach-pending': 'warn',
};

export function ServerChip({ state }: { readonly state: SiteServerState }): VNode {
  return (
    <span class={`chip ${TONES[state]}`} title={t(`state.${state}.text`)}>
      <span class="dot" />
      {t(`state.${state}`)}
    </span>
  );
}

export const MODE_ICONS: Readonly<Record<CmsMode, IconName>> = {
  recording: 'camera',
  failover: 'shield',
  host: 'settings',
};
export function ModeLabel({ mode }: { readonly mode: CmsMode }): VNode {
  return (
    <span class="mode-label">
      <Icon name={MODE_ICONS[mode]} />
      {t(`mode.${mode}`)}
    </span>
  );
}
