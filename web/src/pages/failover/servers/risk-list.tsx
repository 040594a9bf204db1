/** What is at risk, in hours and bytes. */
import type { VNode } from 'preact';
import { t } from '../../../messages/servers/words.ts';
import { dateAndTime, decimal, size } from '../../../ui/format.ts';
import type { Risk } from './risk.ts';

export function RiskList({ risks }: { readonly risks: readonly Risk[] }): VNode {
  return (
    <ul class="risks">
      {risks.map((risk) => (
        <li key={risk.serverName}>
          <span class="strong">{risk.serverName}</span>
          {risk.cameras > 0 && (
            <span>
              {t(risk.cameras === 1 ? 'risk.camera' : 'risk.cameras', {
                n: risk.cameras,
                since: risk.since === undefined ? '' : dateAndTime(Date.parse(risk.since)),
                hours: decimal(risk.hours),
              })}
            </span>
          )}
          {risk.bytesLeft > 0 && <span>{t('risk.bytes', { size: size(risk.bytesLeft) })}</span>}
        </li>
      ))}
    </ul>
  );
}
