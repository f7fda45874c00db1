// 收银台建议的中文文本。
export default {
  title: "收银台建议",
  openMore: (n) => `现在再开 ${n} 个收银台`,
  canClose: (n) => `可以关闭 ${n} 个收银台`,
  enough: (n) => `已开 ${n} 个收银台,正好够用`,
  openOf: (open, needed) => `已开 ${open} 个,需要 ${needed} 个`,
  waits: (without, following) => `预计等待 ${without},照做后 ${following}。`,
  later: (minutes, lanes) => `${minutes} 分钟后需要 ${lanes} 个`,
  notKnown: "暂无收银台建议:需要有人值守且有队列的收银台、入口计数线和一天的数据。",
  failed: "无法加载收银台建议;会自动重试。",
};
