from embeat_serve.trace import Trace


def test_a_section_may_be_entered_again_and_the_total_comes_last():
    trace = Trace()
    for name in ("seed", "channels", "seed"):
        with trace.section(name):
            pass
    spent = trace.milliseconds()
    assert list(spent) == ["seed", "channels", "total"]
    assert spent["total"] >= spent["seed"] >= 0


def test_time_so_far_counts_from_the_start_of_the_request():
    trace = Trace()
    with trace.section("other"):
        sum(range(10_000))
    trace.add_time_so_far("seed")
    spent = trace.milliseconds()
    assert spent["total"] >= spent["seed"] >= spent["other"] > 0
