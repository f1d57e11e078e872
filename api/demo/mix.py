"""What the demo's matters are about: the case mix of a real platform's merchant appeals.

The weights are counts per 1,000 appeals, carried over from published category names; how each
category maps to our words and to a track is ours. No text of any appeal is here.
"""

from typing import Final, NamedTuple


class Category(NamedTuple):
    """One kind of matter, how often it occurs, and where it usually leads."""

    weight: int
    zh: str
    en: str
    reason: str
    scenario: str
    kind: str
    remedy: str
    track: str
    """The name of a track in `api.demo.tracks`."""


MIX: Final = (
    Category(216, "退换货待审核，可退换", "return under review, may be returned",
             "changed_mind", "product", "complaint", "return", "approved_return"),
    Category(85, "超期发货，继续配送", "shipped late, still on its way",
             "late", "experience", "complaint", "coupon", "late_coupon"),
    Category(69, "无法发货，疑似标错价", "can not be shipped, price was wrong",
             "promise_not_kept", "service", "dispute", "compensation", "negotiated"),
    Category(60, "超期发货，需要退款", "shipped late, refund wanted",
             "late", "experience", "complaint", "refund", "approved_refund"),
    Category(55, "保修期内维修", "repair within the warranty",
             "quality_fault", "product", "complaint", "repair", "approved_repair"),
    Category(39, "签收异常，需退款", "signed for by somebody else, refund wanted",
             "not_received", "experience", "dispute", "refund", "ruled"),
    Category(36, "售后运费纠纷", "who pays the return freight",
             "changed_mind", "service", "dispute", "compensation", "negotiated"),
    Category(33, "少发商品，需补发", "something is missing, to be sent",
             "missing_parts", "product", "complaint", "reshipment", "approved_reshipment"),
    Category(29, "商品无货", "out of stock after the order",
             "promise_not_kept", "service", "complaint", "refund", "approved_refund"),
    Category(29, "发错货", "the wrong item was sent",
             "wrong_item", "product", "complaint", "exchange", "approved_exchange"),
    Category(26, "未按时开发票", "invoice not issued in time",
             "invoice", "service", "consultation", "coupon", "answered"),
    Category(26, "签收异常，已签收", "asks where the signed parcel is",
             "not_received", "experience", "consultation", "refund", "answered"),
    Category(17, "其他", "something else",
             "other", "service", "consultation", "coupon", "answered"),
    Category(16, "签收超时未退款", "returned goods received, refund not made",
             "promise_not_kept", "service", "dispute", "refund", "ruled"),
    Category(16, "正常期内开发票", "asks when the invoice comes",
             "invoice", "service", "consultation", "coupon", "answered"),
    Category(14, "客户催单", "asks when it will be delivered",
             "late", "experience", "consultation", "coupon", "answered"),
    Category(14, "售前退款，可以退款", "refund before shipping",
             "changed_mind", "service", "complaint", "refund", "approved_refund"),
    Category(14, "物流停滞超过72小时", "the parcel has not moved for three days",
             "late", "experience", "complaint", "refund", "approved_refund"),
    Category(13, "退换货待审核，无法退换", "return under review, may not be returned",
             "changed_mind", "product", "dispute", "return", "rejected"),
    Category(13, "无故驳回，其他质量问题", "return refused, quality fault claimed",
             "quality_fault", "product", "dispute", "return", "ruled"),
    Category(12, "少退款", "refunded too little",
             "promise_not_kept", "service", "dispute", "refund", "negotiated"),
    Category(11, "换货改退款", "exchange turned into a refund by agreement",
             "wrong_item", "product", "complaint", "refund", "negotiated"),
    Category(9, "维修时效纠纷", "the repair takes too long",
             "quality_fault", "service", "complaint", "repair", "approved_repair"),
    Category(8, "安装范围纠纷", "what the installation includes",
             "installation", "service", "consultation", "repair", "answered"),
    Category(6, "违背承诺", "a promise was not kept",
             "promise_not_kept", "service", "dispute", "coupon", "appealed"),
    Category(5, "性能故障被驳回", "performance fault, return refused",
             "quality_fault", "product", "dispute", "return", "appealed"),
    Category(4, "出售假货", "counterfeit goods",
             "counterfeit", "product", "dispute", "return", "ruled"),
    Category(3, "物流损坏", "damaged on the way",
             "damaged", "product", "complaint", "return", "approved_return"),
)  # fmt: skip


class Product(NamedTuple):
    """Something the demo's merchants sell."""

    sku: str
    title: str
    category: str
    price_minor: int
    supplier: str


PRODUCTS: Final = (
    Product("phone-a1", "青松 A1 手机 8+256 GB", "phones", 399_900, "s-qingsong"),
    Product("phone-b2", "Larch B2 phone 12+512 GB", "phones", 529_900, "s-larch"),
    Product("kettle-1", "恒温电热水壶 1.5 L", "appliances", 15_900, "s-hengwen"),
    Product("washer-9", "9 kg front-loading washing machine", "appliances", 289_900, "s-hengwen"),
    Product("dress-22", "真丝连衣裙 M 码", "clothing", 45_900, "s-sizhou"),
    Product("shoes-42", "Trail running shoes, size 42", "clothing", 62_900, "s-larch"),
    Product("diaper-l", "婴儿纸尿裤 L 码 120 片", "mother_and_baby", 21_900, "s-ningbei"),
    Product("pram-3", "Folding pram", "mother_and_baby", 109_900, "s-ningbei"),
    Product("cherry-2", "车厘子 2 kg 冷链直达", "fresh_food", 16_800, "s-yuanshan"),
    Product("bag-7", "头层牛皮手提包", "luxury", 368_000, "s-sizhou"),
    Product("lamp-5", "Desk lamp with dimmer", "homeware", 12_900, "s-hengwen"),
    Product("sofa-2", "定制双人沙发", "custom_made", 259_900, "s-yuanshan"),
)


def asks_for_exams(category: Category, product: Product) -> bool:
    """Return whether the book gives a matter to certified agents alone (RO-02)."""
    dear = category.kind == "dispute" and product.price_minor > 500_000
    return dear or product.category == "luxury"
