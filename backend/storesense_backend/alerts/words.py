"""The built-in words of alerts in each language: by kind, a title and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_LANGUAGE = "en"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    Attributes:
        kinds: by kind, title and action, with fields in braces.
        naming: how a name and what is the matter are put together.
        place: how a place and its section are.
        no_place: a slot without a name.
        out_of_stock: title of low stock when nothing is left.
        wrong_product: action of low stock when something else stands there.
        other: of kinds that this release does not know.
    """

    kinds: Mapping[str, Pair]
    naming: str
    place: str
    no_place: str
    out_of_stock: str
    wrong_product: str
    other: str

    def of(self, kind: str, told: Mapping[str, object]) -> Pair:
        """Return the templates for an alert's title and action."""
        if kind == "staff_report":
            kind = f"reported_{told['what']}"
        if kind not in self.kinds:
            return kind.replace("_", " "), self.other
        what, todo = self.kinds[kind]
        if kind == "low_stock" and told["units"] == 0:
            what = self.out_of_stock
        if kind in ("low_stock", "slot_empty") and told["outcome"] == "wrong_product":
            todo = self.wrong_product
        return what, todo

    def with_name(self, name: str, what: str) -> str:
        """Put a name before what is the matter with it."""
        return self.naming.format(name=name, what=what) if name else what[:1].upper() + what[1:]


_BRING = "Bring {units_needed} × {product_name} to {place}"
_BRING_ZH = "将 {units_needed} 件 {product_name} 送到{place}"

WORDS: Mapping[str, Words] = {
    "en": Words(
        kinds={
            "queue_too_long": ("{length} waiting", "Open another lane"),
            "wait_too_long": ("{wait_min} min of waiting", "Open another lane"),
            "predicted_wait": ("{wait_min} min of waiting expected in {horizon_min} min", "Open a lane before that"),
            "lanes_to_open": ("{lanes} more needed in {horizon_min} min", "Open {lanes} more now"),
            "lanes_to_close": ("{lanes} more open than needed", "Close {lanes} when nobody waits there"),
            "occupancy_limit": ("{people} people inside", "Slow down the entrance"),
            "zone_crowded": ("{people} people", "See what keeps them there"),
            "zone_unattended": ("{people} waiting and nobody of the staff", "Go and help them"),
            "low_stock": ("{product} runs low: {units} left", _BRING),
            "slot_empty": ("{product} is out of stock", _BRING),
            "predicted_empty": ("{product} is likely empty in {to_empty_min} min", _BRING),
            "restock_overdue": ("{product} has waited {overdue_min} min for a refill", _BRING),
            "misplaced": ("something else stands there, {guest_g} g", "Take away what does not belong to {place}"),
            "bulk_removal": ("{units} × {product} taken at once", "See what happened at {place}"),
            "calibration_due": ("the scale needs care: {reason}", "Tare or calibrate it"),
            "environment_limit": ("{value} {unit}, limit {threshold}", "See to it, and note what was done"),
            "kpi_anomaly": ("{explanation}", "Find out why"),
            "device_offline": ("silent for {silent_min} min", "Check its power and its network"),
            "store_offline": ("no device has spoken for {silent_min} min", "Check the store's network and power"),
            "device_frozen": ("sees nothing to measure by: {cause}", "Look at the camera; {reason}"),
            "device_moved": ("looks elsewhere than it was set up", "Point it back, or draw its lines anew"),
            "sensors_contradict": (
                "{first_name} counts {first_count}, {second_name} {second_count}",
                "Audit both; one of them counts wrong",
            ),
            "data_lost": ("{lost_messages} messages lost", "Check the device's connection and its disk"),
            "data_gap": (
                "{missing_messages} messages are missing",
                "Check the device's connection; it sends them again",
            ),
            "outbox_filling": ("{outbox_mb} MB wait to be sent", "Check the device's connection to the broker"),
            "blind": ("measured {quality_pct} % of the time; rules about it are blind", "Check what measures it"),
            "reported_spill": ("something is spilt", "Put up a sign and wipe it up"),
            "reported_broken_goods": ("broken goods", "Clear them away"),
            "reported_empty_spot": ("a spot is empty", "See what belongs there and bring it"),
            "reported_wrong_price": ("a price is wrong", "Put the right label there"),
            "reported_blocked_way": ("the way is blocked", "Clear the way"),
            "reported_out_of_order": ("something is out of order", "See to it, and note what was done"),
            "reported_needs_help": ("somebody needs help", "Go there"),
            "reported_complaint": ("a complaint", "Talk to {reported_by}"),
            "reported_danger": ("danger", "Go there now"),
            "reported_other": ("something to look at", "Have a look"),
        },
        naming="{name}: {what}",
        place="{place} ({section})",
        no_place="its shelf",
        out_of_stock="{product} is out of stock",
        wrong_product="Take away what does not belong there ({guest_g} g), and bring "
        "{units_needed} × {product_name} to {place}",
        other="Have a look",
    ),
    "zh-CN": Words(
        kinds={
            "queue_too_long": ("{length} 人在排队", "再开一个收银台"),
            "wait_too_long": ("已等待 {wait_min} 分钟", "再开一个收银台"),
            "predicted_wait": ("{horizon_min} 分钟后预计等待 {wait_min} 分钟", "请提前开一个收银台"),
            "lanes_to_open": ("{horizon_min} 分钟后还需 {lanes} 个收银台", "现在再开 {lanes} 个"),
            "lanes_to_close": ("多开了 {lanes} 个收银台", "无人排队时关闭 {lanes} 个"),
            "occupancy_limit": ("店内 {people} 人", "控制入口人流"),
            "zone_crowded": ("{people} 人聚集", "查看原因"),
            "zone_unattended": ("{people} 人等待，无店员", "前去接待"),
            "low_stock": ("{product} 库存低：剩 {units} 件", _BRING_ZH),
            "slot_empty": ("{product} 已售空", _BRING_ZH),
            "predicted_empty": ("{product} 预计 {to_empty_min} 分钟后售空", _BRING_ZH),
            "restock_overdue": ("{product} 已等待补货 {overdue_min} 分钟", _BRING_ZH),
            "misplaced": ("有错放物品，{guest_g} 克", "取走不属于{place}的物品"),
            "bulk_removal": ("{product} 一次被取走 {units} 件", "到{place}查看"),
            "calibration_due": ("秤需要维护：{reason}", "去皮或重新校准"),
            "environment_limit": ("{value} {unit}，限值 {threshold}", "处理并记录"),
            "kpi_anomaly": ("{explanation}", "查明原因"),
            "device_offline": ("已 {silent_min} 分钟无数据", "检查电源和网络"),
            "store_offline": ("所有设备已 {silent_min} 分钟无数据", "检查门店的网络和电源"),
            "device_frozen": ("画面无法测量：{cause}", "检查摄像头；{reason}"),
            "device_moved": ("镜头已偏离原位", "调回原位，或重新画线"),
            "sensors_contradict": (
                "{first_name} 计 {first_count}，{second_name} 计 {second_count}",
                "核对两者，其中之一计数有误",
            ),
            "data_lost": ("丢失 {lost_messages} 条消息", "检查设备的连接和磁盘"),
            "data_gap": ("缺少 {missing_messages} 条消息", "检查设备的连接"),
            "outbox_filling": ("{outbox_mb} MB 待发送", "检查设备与消息服务器的连接"),
            "blind": ("仅 {quality_pct} % 的时间有测量，相关规则无法判断", "检查测量设备"),
            "reported_spill": ("有液体洒落", "放置警示牌并清理"),
            "reported_broken_goods": ("有商品破损", "清理破损商品"),
            "reported_empty_spot": ("有空位", "核对并补货"),
            "reported_wrong_price": ("价格有误", "更换价签"),
            "reported_blocked_way": ("通道受阻", "清理通道"),
            "reported_out_of_order": ("设备故障", "处理并记录"),
            "reported_needs_help": ("有人需要帮助", "前去帮助"),
            "reported_complaint": ("有投诉", "联系{reported_by}"),
            "reported_danger": ("有危险", "立即前往"),
            "reported_other": ("有情况", "请查看"),
        },
        naming="{name}：{what}",
        place="{place}（{section}）",
        no_place="货架",
        out_of_stock="{product} 已售空",
        wrong_product="取走错放物品（{guest_g} 克），并" + _BRING_ZH,
        other="请查看",
    ),
}
