// What screen readers are told of an alert as it comes, is taken and closes.
import { t } from "./i18n/index.js";
import { isOver } from "./state.js";
import { proofText } from "./views/alerts.js";

/** `{text, urgent}` for an alert that was `before` (or undefined) and is now `alert`; null where that is no news. */
export function announcementOf(before, alert) {
  if (before?.state === alert.state) return null;
  const said = (text, urgent = false) => ({ text, urgent });
  if (alert.state === "open") return said(t.alerts.announceNew(alert.title, alert.action), alert.severity === "critical");
  if (!isOver(alert)) return said(t.alerts.announceTaken(alert.taken_by ?? alert.acknowledged_by ?? "", alert.title));
  return before ? said(t.alerts.announceDone(alert.title, proofText(alert))) : null;
}
