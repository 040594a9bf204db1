/** What several parts of the page use: who may do what, times, the dialog that is open. */
import type { ComponentChildren, VNode } from 'preact';
import type { KnownServer, RestorationView } from '../../../api/activity.ts';
import { access } from '../../../app/session.ts';
import { now } from '../../../app/stores.ts';
import { clockTime, dateAndTime } from '../../../ui/format.ts';
import type { Spare } from './activity-data.ts';

export type Opened =
  | { readonly kind: 'take-over'; readonly server: KnownServer }
  | { readonly kind: 'hand-over'; readonly spare: Spare; readonly server: KnownServer }
  | { readonly kind: 'stop'; readonly spare: Spare; readonly restoration: RestorationView }
  | { readonly kind: 'replace'; readonly serverId: string; readonly name: string; readonly replacement?: string }
  | { readonly kind: 'detail'; readonly spareId: string; readonly serverId: string }
  | { readonly kind: 'take-host' }
  | { readonly kind: 'clear' };
export type Open = (what: Opened) => void;

const roleNow = (): string => (access.value.kind === 'signed-in' ? access.value.session.user.role : 'viewer');
export const isOwner = (): boolean => roleNow() === 'owner';
export const mayOrder = (): boolean => ['owner', 'admin'].includes(roleNow());

const DAY_MS = 86_400_000;
/** The time of day if it was within a day, else with its date. */
export const timeOf = (iso: string): string => {
  const at = Date.parse(iso);
  return now.peek() - at < DAY_MS / 2 ? clockTime(at) : dateAndTime(at);
};

export function Section({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <section class="act-section">
      <header class="act-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

type BarProps = { readonly label: string; readonly done: number; readonly total: number };
/** A share that says itself to everybody; without a total it only says that it goes on. */
export function Bar({ label, done, total }: BarProps): VNode {
  const percent = total <= 0 ? 0 : Math.min(100, (done / total) * 100);
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
    >
      <i ref={(element) => element?.style.setProperty('width', `${percent}%`)} />
    </div>
  );
}
