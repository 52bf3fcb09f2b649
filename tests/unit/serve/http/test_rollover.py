from embeat_serve.http.rollover import SwitchPolicy


def test_another_release_than_the_served_one_is_switched_to():
    policy = SwitchPolicy(retry_seconds=10)
    assert policy.should_switch("one", "two")
    assert policy.should_switch(None, "one")
    assert not policy.should_switch("one", "one")


def test_a_release_that_could_not_be_opened_is_tried_again_later():
    now = [100.0]
    policy = SwitchPolicy(retry_seconds=10, clock=lambda: now[0])
    policy.reject("two")
    assert not policy.should_switch("one", "two")
    assert policy.should_switch("one", "three")
    now[0] = 110.0
    assert policy.should_switch("one", "two")
