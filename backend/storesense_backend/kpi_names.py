"""The KPIs' names in Chinese, for what people read outside of the page; in English the catalogue has them."""

from collections.abc import Mapping

ZH: Mapping[str, str] = {
    "visitors": "客流量",
    "buying_units": "购物组数",
    "occupancy": "店内人数",
    "engagement": "驻足率",
    "mean_dwell": "平均停留",
    "staff_share": "员工占比",
    "conversion": "转化率",
    "queue_length": "排队人数",
    "wait_mean": "平均等候",
    "wait_p90": "等候时间（90 分位）",
    "served_within_target": "目标时间内服务率",
    "abandonment": "放弃排队率",
    "lanes_open_against_needed": "已开与所需收银台之差",
    "shoppers_per_staff": "每名员工对应顾客数",
    "on_shelf_availability": "货架有货率",
    "stock_out_minutes": "缺货时长",
    "lost_sales": "估算损失销量",
    "restock_time": "补货用时",
    "alert_response_time": "告警响应时间",
    "device_uptime": "设备在线率",
}
