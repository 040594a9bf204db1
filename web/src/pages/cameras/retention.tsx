/** How many days of a camera are kept, of how many wanted, and whether they will fit. */
import type { VNode } from 'preact';
import type { SiteCamera } from '../../api/site.ts';
import { now } from '../../app/stores.ts';
import { t } from '../../messages/cameras/words.ts';
import { decimal, size } from '../../ui/format.ts';
import { daysFit } from './places.ts';

const DAY_MS = 86_400_000;

export function Retention({ camera }: { readonly camera: SiteCamera }): VNode {
  const { name, oldestFootageAt, footageBytes, retention, server } = camera;
  const have = oldestFootageAt === undefined ? 0 : Math.max(0, (now.value - Date.parse(oldestFootageAt)) / DAY_MS);
  const wanted = retention.maxDays;
  const fit = daysFit.value.get(server.id);
  const short = wanted !== undefined && fit !== undefined && fit < wanted;
  const days = textOf({ have, wanted, fit: short ? fit : undefined });
  const text = footageBytes > 0 ? `${days} · ${size(footageBytes)}` : days;
  return (
    <div class="retention">
      {wanted !== undefined && (
        <progress
          class={`meter ${short ? 'short' : 'fits'}`}
          max={wanted}
          value={Math.min(have, wanted)}
          aria-label={t('retention.label', { name, text })}
        />
      )}
      <span class={`small ${short ? 'warn' : 'muted'}`}>{text}</span>
    </div>
  );
}

type Days = { readonly have: number; readonly wanted: number | undefined; readonly fit: number | undefined };
function textOf({ have, wanted, fit }: Days): string {
  if (wanted !== undefined && fit !== undefined)
    return t('retention.short', { wanted: decimal(wanted), fit: decimal(fit) });
  if (have === 0) return t('retention.none');
  if (wanted === undefined && have < 1) return t('retention.new');
  if (wanted === undefined) return t('retention.free', { have: decimal(have) });
  return t('retention.kept', { have: decimal(Math.min(have, wanted)), wanted: decimal(wanted) });
}
